/* Refunds on the dashboard: photos large, ticking all, and keys. All of it works without this, only slower. */
(function () {
  "use strict";

  // --- photos --------------------------------------------------------------

  var viewer = document.querySelector("[data-photo-viewer]");
  var photos = Array.from(document.querySelectorAll("a[data-photo]"));
  var shown = 0;

  function show(place) {
    shown = (place + photos.length) % photos.length;
    var from = photos[shown].querySelector("img");
    var image = viewer.querySelector("img");
    image.alt = from.alt;
    image.src = from.currentSrc || from.src;
    viewer.querySelector("output").textContent = shown + 1 + " / " + photos.length;
  }

  function openPhoto(link) {
    show(photos.indexOf(link));
    if (!viewer.open) viewer.showModal();
  }

  if (viewer && viewer.showModal) {
    document.addEventListener("click", function (event) {
      var link = event.target.closest("a[data-photo]");
      var turn = event.target.closest("[data-photo-turn]");
      if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        openPhoto(link);
      } else if (turn) {
        show(shown + Number(turn.dataset.photoTurn));
      } else if (event.target === viewer) {
        viewer.close();
      }
    });
    viewer.addEventListener("keydown", function (event) {
      if (photos.length < 2) return;
      if (event.key === "ArrowRight") show(shown + 1);
      else if (event.key === "ArrowLeft") show(shown - 1);
    });
    viewer.querySelectorAll("[data-photo-turn]").forEach(function (button) {
      button.hidden = photos.length < 2;
    });
    // Addresses of photos open for minutes only: a page that stood open longer is asked for anew.
    viewer.querySelector("img").addEventListener("error", function () { window.location.reload(); });
  }

  // --- ticking all -----------------------------------------------------------

  var all = document.querySelector("[data-tick-all]");

  if (all) {
    var boxes = Array.from(document.querySelectorAll("input[name=refund]"));
    var follow = function () {
      var ticked = boxes.filter(function (box) { return box.checked; }).length;
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    };
    all.closest("[hidden]").hidden = false;
    all.addEventListener("change", function () {
      boxes.forEach(function (box) { box.checked = all.checked; });
    });
    boxes.forEach(function (box) { box.addEventListener("change", follow); });
    follow();
  }

  // --- keys: single letters, which whoever speaks to the computer can switch off ------------------

  var KEPT = "livetill-refund-keys";
  var hint = document.querySelector("[data-keys]");

  function areOn() {
    try { return window.localStorage.getItem(KEPT) !== "off"; } catch (_error) { return true; }
  }

  function step(by) {
    var rows = Array.from(document.querySelectorAll("[data-row]"));
    if (!rows.length) {
      var link = document.querySelector(by > 0 ? "a[data-older]" : "a[data-newer]");
      if (link) link.click();
      return;
    }
    var next = rows.indexOf(document.activeElement) + by;
    rows[Math.max(0, Math.min(next, rows.length - 1))].focus();
  }

  function press(name) {
    var button = document.querySelector("[data-dialog='" + name + "']");
    if (!button) return;
    button.click();
    var first = document.querySelector("#" + name + " input:not([type=hidden]), #" + name + " [type=submit]");
    if (first) first.focus();
  }

  function tick() {
    var row = document.activeElement.closest("tr");
    var box = row && row.querySelector("input[name=refund]");
    if (box) box.click();
  }

  var DO = {
    x: tick,
    a: function () { press("approve"); },
    r: function () { press("reject"); },
    j: function () { step(1); },
    k: function () { step(-1); },
  };

  if (hint) {
    var box = hint.querySelector("input");
    hint.hidden = false;
    box.checked = areOn();
    box.addEventListener("change", function () {
      try { window.localStorage.setItem(KEPT, box.checked ? "on" : "off"); } catch (_error) { /* for this page only */ }
    });
    document.addEventListener("keydown", function (event) {
      if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.target.closest("textarea, select, dialog, input:not([type=checkbox])")) return;
      var act = DO[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
  }
})();
