/* What the till keeps of sales whose outcome is not known, so that a reload or another window can go on with them:
   number and amount, never the code. What is kept is gone as soon as any window has shown what came of the sale. */
(function () {
  "use strict";

  var root = document.querySelector("[data-till]");
  if (!root) return;

  var ABANDONED_MS = 90000;   // a sale of another window that nobody has looked after for so long is ours
  var STORE = "livetill-till:" + root.getAttribute("data-shop") + ":";
  var TAB = "livetill-till-tab";
  var tab = tabOfBefore() || newReference();

  try { window.sessionStorage.setItem(TAB, tab); } catch (_error) { /* private window: every load is a window of its own */ }

  // Only the same window loaded once more is the same window: a copied one has what is kept in it too.
  function tabOfBefore() {
    var way = window.performance.getEntriesByType("navigation")[0];
    if (!way || ["reload", "back_forward"].indexOf(way.type) < 0) return "";
    try { return window.sessionStorage.getItem(TAB); } catch (_error) { return ""; }
  }

  function newReference() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  function read(key) {
    try {
      var kept = JSON.parse(window.localStorage.getItem(key));
      return kept && kept.reference ? kept : null;
    } catch (_error) {
      return null;
    }
  }

  function write(sale, seen) {
    if (isGone(sale)) return;
    try {
      window.localStorage.setItem(STORE + sale.reference, JSON.stringify({
        reference: sale.reference, shown: sale.shown, since: sale.since, isGivingUp: sale.isGivingUp || isGivenUp(sale),
        seen: seen === undefined ? Date.now() : seen, tab: tab,
      }));
      sale.isKept = true;
    } catch (_error) { /* private window: the sale lives as long as the page */ }
  }

  function forget(sale) {
    try { window.localStorage.removeItem(STORE + sale.reference); } catch (_error) { /* as above */ }
  }

  // Another window knows what came of the sale, and has told it.
  function isGone(sale) {
    return Boolean(sale.isKept) && !read(STORE + sale.reference);
  }

  // Another window is giving the sale up: whatever we hear of it will not stand.
  function isGivenUp(sale) {
    var kept = read(STORE + sale.reference);
    return Boolean(kept && kept.isGivingUp);
  }

  function keys() {
    try {
      return Object.keys(window.localStorage).filter(function (key) { return key.indexOf(STORE) === 0; });
    } catch (_error) {
      return [];
    }
  }

  // The sales that this window has to go on with, the longest left first.
  function left() {
    return keys().map(function (key) {
      var kept = read(key);
      if (!kept) window.localStorage.removeItem(key); // nobody can read it
      return kept;
    }).filter(function (kept) {
      return kept && (kept.tab === tab || Date.now() - kept.seen > ABANDONED_MS);
    }).sort(function (one, other) { return one.seen - other.seen; });
  }

  window.livetill.kept = { newReference: newReference, write: write, forget: forget, isGone: isGone, isGivenUp: isGivenUp, left: left };
})();
