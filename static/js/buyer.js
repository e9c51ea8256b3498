/* Buyers' pages, made nicer where scripts run; every page works without: quantities, totals, time left, sharing. */
(function () {
  "use strict";

  // --- the shop: steps without a round trip, and the sum as one chooses ---------------

  function quantity(input) {
    var value = parseInt(input.value, 10);
    return value > 0 ? value : 0;
  }

  function total(form) {
    var sum = 0;
    form.querySelectorAll("[data-quantity]").forEach(function (input) {
      sum += quantity(input) * Number(input.getAttribute("data-price"));
    });
    return sum;
  }

  function money(form, minor) {
    var format = new Intl.NumberFormat(form.getAttribute("data-language"), {
      style: "currency", currency: form.getAttribute("data-currency"),
    });
    return format.format(minor / Math.pow(10, format.resolvedOptions().maximumFractionDigits));
  }

  function showTotal(form) {
    var place = form.querySelector("[data-total]");
    if (!place) return;
    var span = document.createElement("span");
    span.className = "lt-money";
    span.textContent = money(form, total(form));
    place.replaceChildren(span);
    form.querySelectorAll(".lt-product").forEach(function (row) {
      var input = row.querySelector("[data-quantity]");
      row.classList.toggle("lt-product-chosen", Boolean(input && quantity(input)));
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-shop] button[name=step]");
    if (!button) return;
    event.preventDefault();
    var input = button.parentElement.querySelector("[data-quantity]");
    var most = Number(input.max || 999);
    var by = button.value.endsWith(":-1") ? -1 : 1;
    input.value = String(Math.min(Math.max(quantity(input) + by, 0), most));
    showTotal(input.form);
  });

  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-shop] [data-quantity]")) showTotal(event.target.form);
    if (event.target.matches("[data-clears]") && event.target.value) {
      event.target.form.querySelectorAll("[name=" + event.target.getAttribute("data-clears") + "]").forEach(
        function (choice) { choice.checked = false; }
      );
    }
  });

  document.addEventListener("change", function (event) {
    if (!event.target.matches("input[name=chip]")) return;
    var own = event.target.form.querySelector("[data-clears=chip]");
    if (own) own.value = "";
  });

  // --- time left: counted from what the server said, not by the device's clock ---------

  function spell(seconds) {
    var hours = Math.floor(seconds / 3600);
    var rest = String(Math.floor((seconds % 3600) / 60)).padStart(hours ? 2 : 1, "0") + ":" + String(seconds % 60).padStart(2, "0");
    return hours ? hours + ":" + rest : rest;
  }

  function tick() {
    document.querySelectorAll("[data-countdown]").forEach(function (place) {
      if (!place.livetillEnd) place.livetillEnd = performance.now() + Number(place.getAttribute("data-countdown")) * 1000;
      var left = Math.max(0, Math.ceil((place.livetillEnd - performance.now()) / 1000));
      place.textContent = " · " + place.getAttribute("data-countdown-text").replace("%s", spell(left));
      place.hidden = left > 24 * 3600;
      place.classList.toggle("lt-countdown-short", left < 120);
    });
  }

  // --- paying: the button says what the chosen coupon leaves to pay ----------------------

  function showPaid() {
    var form = document.querySelector(".lt-pay-form");
    var chosen = form && form.querySelector("[data-pay-coupons] input:checked");
    if (!chosen) return;
    form.querySelector("[data-pay-text]").textContent = chosen.getAttribute("data-pay");
    var note = form.querySelector("[data-pay-short]");
    note.hidden = !chosen.getAttribute("data-short");
    note.closest(".lt-way").classList.toggle("lt-way-short", !note.hidden);
    if (note.hidden) return;
    note.querySelector("span").textContent = chosen.getAttribute("data-short");
    var link = note.querySelector("a");
    var address = new URL(link.href);
    address.searchParams.set("amount", chosen.getAttribute("data-missing"));
    link.href = address.href;
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-pay-coupons] input")) showPaid();
  });

  // --- sharing -------------------------------------------------------------------------

  function showShare() {
    if (!navigator.share) return;
    document.querySelectorAll("[data-share]").forEach(function (button) { button.hidden = false; });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-share]");
    if (!button) return;
    navigator.share({ title: button.getAttribute("data-share-title"), url: button.getAttribute("data-share") }).catch(function () {});
  });

  document.querySelectorAll("[data-shop]").forEach(showTotal);
  showShare();
  showPaid();
  tick();
  window.setInterval(tick, 1000);
  document.addEventListener("htmx:afterSettle", function () { showShare(); showPaid(); tick(); });
})();
