/* Parts that keep themselves fresh: asked for again and again, swapped and announced only when the state changed. */
(function () {
  "use strict";

  function liveOf(element) {
    return element && element.closest ? element.closest("[data-live]") : null;
  }

  function incoming(text, id) {
    var page = new DOMParser().parseFromString(text, "text/html");
    return page.getElementById(id);
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (liveOf(event.detail.elt) === event.detail.elt && document.hidden) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    var live = event.detail.target;
    if (!live || !live.hasAttribute("data-live") || event.detail.xhr.status !== 200) return;
    var fresh = incoming(event.detail.serverResponse, live.id);
    live.removeAttribute("data-live-stale");
    if (!fresh) return;
    if (fresh.getAttribute("data-live-state") === live.getAttribute("data-live-state")) {
      // Nothing new to say; but it may be time to ask less often, or no more.
      event.detail.shouldSwap = fresh.getAttribute("hx-trigger") !== live.getAttribute("hx-trigger");
      return;
    }
    var words = fresh.getAttribute("data-live-announce");
    if (words && window.livetill) window.livetill.say(words);
  });

  function stale(event) {
    var live = liveOf(event.detail.elt);
    if (live) live.setAttribute("data-live-stale", "");
  }

  document.addEventListener("htmx:sendError", stale);
  document.addEventListener("htmx:timeout", stale);
  document.addEventListener("htmx:responseError", stale);

  // A phone that wakes up shows the truth at once, not two seconds later.
  function askNow() {
    if (document.hidden || !window.htmx) return;
    document.querySelectorAll("[data-live]").forEach(function (live) {
      window.htmx.trigger(live, "live:now");
    });
  }

  document.addEventListener("visibilitychange", askNow);
  window.addEventListener("online", askNow);
})();
