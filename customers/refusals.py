"""Every "no" that the customers' flows can say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class SameCustomer(Refusal):
    """Nobody can be merged with oneself."""

    code = "same_customer"
    title = _("This is the same customer.")


class MergeUndone(Refusal):
    """The merge was taken back before."""

    code = "merge_undone"
    title = _("This merge was undone already.")


class MergedFurther(Refusal):
    """The customer was merged on since; the later merge is undone first."""

    code = "merged_further"
    title = _("This customer was merged again since. Undo the later merge first.")


class StepsChanged(Refusal):
    """Two people saved the steps at the same time."""

    code = "steps_changed"
    title = _("Somebody else has just changed these steps. Look again.")


class BegunForOthers(Refusal):
    """What would be begun was begun before, with other criteria."""

    code = "begun_for_others"
    title = _("This was begun before, for other customers. Count them again.")
