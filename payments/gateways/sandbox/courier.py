"""The provider's callbacks on their way to us, over HTTP as any provider's would come."""

from __future__ import annotations

import httpx
import structlog

from common import drains
from common.failpoints import failpoint
from payments.gateways.sandbox import provider

DRAIN = "sandbox_callbacks"
TIMEOUT_SECONDS = 5.0

transport: httpx.BaseTransport | None = None
"""How the messages travel; None is the network."""

_log = structlog.get_logger(__name__)


@drains.register(DRAIN, every_seconds=1, queue=drains.Queue.PROMPT)
def send_callbacks() -> int:
    """Send the callbacks that are due; what is not acknowledged with 2xx comes again later."""
    due = provider.due_callbacks()
    for charge_id, message in due:
        if _post(message):
            failpoint("courier:after_call")
            provider.heard(charge_id)
    return len(due)


def _post(message: provider.Message) -> bool:
    try:
        with httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS) as client:
            answer = client.post(message.url, content=message.body, headers=message.headers)
    except httpx.HTTPError as error:
        _log.info("sandbox_callback_not_heard", error=repr(error))
        return False
    return answer.is_success
