/* The dashboard's small behaviours: steppers and the sum of a counter order, the whole screen for a code. */
(function () {
  "use strict";

  // --- a new order at the counter: all of it works without this, only less comfortably ----------

  function digits(currency) {
    return new Intl.NumberFormat("en", { style: "currency", currency: currency }).resolvedOptions().maximumFractionDigits;
  }

  function decimal(minor, places) {
    var text = String(minor).padStart(places + 1, "0");
    return places ? text.slice(0, -places) + "." + text.slice(-places) : text;
  }

  function sum(form) {
    var total = 0;
    form.querySelectorAll("input[data-price]").forEach(function (input) {
      total += (parseInt(input.value, 10) || 0) * parseInt(input.dataset.price, 10);
    });
    return total;
  }

  function showSum(form) {
    var line = form.querySelector("[data-order-total]");
    if (!line) return;
    var currency = form.dataset.currency;
    var total = sum(form);
    line.hidden = total === 0;
    line.querySelector("output").textContent = new Intl.NumberFormat(document.documentElement.lang, {
      style: "currency", currency: currency,
    }).format(decimal(total, digits(currency)));
  }

  function step(button) {
    var input = button.closest(".lt-stepper").querySelector("input");
    var most = input.max === "" ? Infinity : Number(input.max);
    var wanted = (parseInt(input.value, 10) || 0) + Number(button.dataset.step);
    var next = Math.max(0, Math.min(wanted, most));
    input.value = next === 0 ? "" : String(next);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.querySelectorAll("[data-step], [data-fullscreen]").forEach(function (button) {
    if (button.hasAttribute("data-step") || document.fullscreenEnabled) button.hidden = false;
  });

  document.querySelectorAll("form[data-order-form]").forEach(function (form) {
    form.addEventListener("input", function () { showSum(form); });
    showSum(form);
  });

  // --- export: as a plain link it downloads; with this it also says how far it is ------------------

  var TOLD_EVERY_ROWS = 1000;

  function showRows(box, read, total) {
    var bar = box.querySelector("progress");
    bar.max = Math.max(total, 1);
    bar.value = read;
    box.querySelector(".lt-num").textContent = read + " / " + total;
  }

  function save(parts, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
    link.download = name;
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  async function readRows(answer, box) {
    var reader = answer.body.getReader();
    var total = Number(answer.headers.get("X-Rows")) || 0;
    var parts = [], read = -1, told = 0; // the first line is the heading
    for (;;) {
      var next = await reader.read();
      if (next.done) return parts;
      parts.push(next.value);
      next.value.forEach(function (byte) { if (byte === 10) read += 1; });
      if (read - told >= TOLD_EVERY_ROWS) { told = read; showRows(box, read, total); }
    }
  }

  async function exportWith(link, box) {
    var address = new URL(link.href);
    address.searchParams.set("count", "1");
    box.hidden = false;
    window.livetill.say(link.dataset.busy);
    try {
      var answer = await fetch(address, { credentials: "same-origin" });
      var named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
      if (!answer.ok || !named) throw new Error(String(answer.status));
      save(await readRows(answer, box), named[1]);
      window.livetill.toast(link.dataset.done, "ok");
    } catch (_error) {
      window.livetill.toast(link.dataset.failed, "bad");
    } finally {
      box.hidden = true;
    }
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[data-export]");
    var box = document.querySelector("[data-export-progress]");
    if (!link || !box || !box.hidden || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    exportWith(link, box);
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-step], [data-fullscreen]");
    if (!button) return;
    if (button.hasAttribute("data-step")) step(button);
    else document.documentElement.requestFullscreen();
  });
})();
