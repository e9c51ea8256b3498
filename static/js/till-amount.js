/* The till's amount: typed or by keypad, in the merchant's currency; what products come to. */
(function () {
  "use strict";

  var root = document.querySelector("[data-till]");
  if (!root) return;

  var MOST_MINOR = 999999999;
  var form = root.querySelector("[data-sell]");
  var field = form.querySelector("input[name=amount]");
  var currency = root.getAttribute("data-currency");
  var places = Number(root.getAttribute("data-places"));
  var good = field.value;

  // --- text and minor units; no float comes near ------------------------------------------

  function plain(text) {
    return text.normalize("NFKC").replace(/[,。．]/g, ".").replace(/[^0-9.]/g, "");
  }

  function isAllowed(text) {
    var parts = text.split(".");
    if (parts.length > 2 || (parts.length === 2 && (!places || parts[1].length > places))) return false;
    return minor(text) <= MOST_MINOR;
  }

  function minor(text) {
    var parts = text.split(".");
    return Number((parts[0] || "0") + (parts[1] || "").padEnd(places, "0").slice(0, places));
  }

  function decimal(amount) {
    var text = String(amount).padStart(places + 1, "0");
    return places ? text.slice(0, -places) + "." + text.slice(-places) : text;
  }

  function shown(amount) {
    return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: currency }).format(decimal(amount));
  }

  // --- the field ----------------------------------------------------------------------------

  function put(text) {
    good = text;
    if (field.value !== text) field.value = text;
  }

  function type(text) {
    var wanted = plain(text).replace(/^0+(?=[0-9])/, "").replace(/^\./, "0.");
    put(isAllowed(wanted) ? wanted : good);
  }

  field.addEventListener("input", function () { type(field.value); });

  form.addEventListener("click", function (event) {
    var key = event.target.closest("[data-key]");
    if (!key) return;
    var sign = key.getAttribute("data-key");
    type(sign === "back" ? field.value.slice(0, -1) : field.value + sign);
    field.dispatchEvent(new Event("till:typed", { bubbles: true }));
    window.livetill.say(field.value ? shown(minor(field.value)) : root.getAttribute("data-say-empty"));
  });

  // --- what products come to ------------------------------------------------------------------

  function sum() {
    var total = 0;
    form.querySelectorAll("input[data-price]").forEach(function (input) {
      total += (parseInt(input.value, 10) || 0) * parseInt(input.dataset.price, 10);
    });
    return total;
  }

  function showSum() {
    var total = sum(), line = form.querySelector("[data-items-sum]");
    if (!line) return 0; // a shop that sells by amount alone
    line.hidden = total === 0;
    line.querySelector("output").textContent = shown(total);
    return total;
  }

  form.addEventListener("input", function (event) {
    if (!event.target.matches("input[data-price]")) return;
    var total = showSum();
    put(total && total <= MOST_MINOR ? decimal(total) : "");
  });

  function clearItems() {
    form.querySelectorAll("input[data-price]").forEach(function (input) { input.value = ""; });
    showSum();
  }

  // --- finding products ----------------------------------------------------------------------

  var finder = root.querySelector("[data-find]");
  var searches = 0;

  // What was typed while the answer was under way counts, and what was cleared stays so.
  function showFound(fresh) {
    fresh.querySelectorAll("input[data-price]").forEach(function (input) {
      var shown = form.elements.namedItem(input.name);
      input.value = shown ? shown.value : "";
    });
    document.getElementById("till-items").replaceWith(fresh);
    form.querySelectorAll("[data-step]").forEach(function (button) { button.hidden = false; });
    showSum();
  }

  if (finder) finder.addEventListener("submit", function (event) {
    event.preventDefault();
    var turn = searches += 1, query = new URLSearchParams(new FormData(finder));
    form.querySelectorAll("input[data-price]").forEach(function (input) { if (input.value) query.set(input.name, input.value); });
    fetch(finder.getAttribute("data-find") + "?" + query, { cache: "no-store", headers: { "HX-Request": "true" } }).then(function (answer) { return answer.text(); }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("till-items");
      if (!fresh) throw new Error("no products");
      if (turn === searches) showFound(document.importNode(fresh, true));
    }).catch(function () { window.livetill.toast(root.getAttribute("data-unfound"), "bad"); });
  });

  // --- beginning -------------------------------------------------------------------------------

  root.querySelectorAll("[data-keypad]").forEach(function (pad) { pad.hidden = false; });
  showSum();
  // Where fingers type, the keypad on the page is the keyboard.
  if (window.matchMedia("(pointer: coarse)").matches) field.setAttribute("inputmode", "none");

  window.livetill.amount = {
    field: field,
    shown: shown,
    minor: function () { return minor(field.value); },
    text: function () { return field.value.replace(/\.$/, ""); },
    put: put,
    clear: function () { put(""); clearItems(); },
  };
})();
