/* The till: one sale at a time, each under a number of its own that is made here and kept until its outcome is known.
   A sale is sent once. If the answer does not come, nothing is sent again: it is asked after under its number, and in
   the end given up, which reverses what has happened and forbids what has not. */
(function () {
  "use strict";

  var root = document.querySelector("[data-till]");
  if (!root) return;

  var ANSWER_MS = 8000;       // as long as an answer is waited for
  var GIVE_UP_MS = 20000;     // as long as a sale may stay unknown
  var PAUSES_MS = [1000, 2000, 3000, 5000, 8000];
  var TICK_MS = 250;
  var CALM_MS = 400;          // a second press of Enter was meant for what stood here before

  var form = root.querySelector("[data-sell]");
  var code = form.querySelector("input[name=code]");
  var amount = window.livetill.amount;
  var kept = window.livetill.kept;
  var sale = null;            // the one whose outcome is not known
  var lastCode = "";
  var shownAt = 0;
  var lens = null;

  function forget() {
    kept.forget(sale);
    sale = null;
  }

  // --- asking the server ---------------------------------------------------------------------

  function reach(address, options) {
    var control = new AbortController();
    var timer = window.setTimeout(function () { control.abort(); }, ANSWER_MS);
    options.signal = control.signal;
    options.cache = "no-store";
    options.headers = { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').getAttribute("content") };
    return fetch(address, options).then(function (answer) {
      if (answer.redirected || answer.status === 401 || answer.status === 403) return { isOut: true };
      return answer.text().then(function (text) {
        var part = new DOMParser().parseFromString(text, "text/html").getElementById("till-sale");
        if (answer.status === 404 && !part) return { isOut: true }; // works here no more
        return { part: answer.status < 500 ? part : null, word: part ? part.getAttribute("data-word") : "" };
      });
    }).finally(function () { window.clearTimeout(timer); });
  }

  function address(ending) {
    return root.getAttribute("data-sales") + encodeURIComponent(sale.reference) + ending + "?merchant=" + encodeURIComponent(root.getAttribute("data-shop"));
  }

  // --- a sale ----------------------------------------------------------------------------------

  function collect() {
    if (sale) return;
    var fields = new FormData(form);
    sale = { reference: kept.newReference(), shown: amount.shown(amount.minor()), since: 0, isGivingUp: false, tries: 0, asks: 0, askedAt: 0, lateAsks: 0, nextAt: 0, isAsking: true };
    fields.set("reference", sale.reference);
    fields.set("amount", amount.text());
    lastCode = digits(code.value);
    code.value = "";
    kept.write(sale);
    stage("busy");
    say("busy");
    var mine = sale;
    reach(root.getAttribute("data-url"), { method: "POST", body: new URLSearchParams(fields) }).then(function (answer) {
      if (sale !== mine) return;
      if (isKnown(answer)) settle(answer);
      else if (answer.isOut) out();
      else lose();
    }, function () { if (sale === mine) lose(); });
  }

  function isKnown(answer) {
    return Boolean(answer.part) && ["waiting", "none", ""].indexOf(answer.word) < 0;
  }

  function settle(answer) {
    if (answer.word === "paid" && !sale.isGivingUp && kept.isGivenUp(sale)) return giveUp();
    forget();
    show(answer.part);
  }

  // The answer did not come: from here on it is only asked after.
  function lose() {
    sale.isAsking = false;
    sale.since = sale.since || Date.now();
    sale.nextAt = Date.now() + pause();
    kept.write(sale);
    stage("unknown");
    say("unknown");
    tick();
  }

  function pause() {
    return PAUSES_MS[Math.min(sale.tries, PAUSES_MS.length - 1)];
  }

  function ask() {
    var mine = sale, isEnding = sale.isGivingUp && !kept.isGone(sale);
    var turn = sale.asks += 1;
    sale.isAsking = true;
    sale.tries += 1;
    sale.askedAt = Date.now();
    tellWaiting(sale.askedAt);
    reach(address(isEnding ? "/give-up" : ""), isEnding ? { method: "POST" } : {}).then(function (answer) {
      if (sale !== mine || mine.asks !== turn) return;
      if (isKnown(answer)) return settle(answer);
      if (answer.isOut) return out();
      rest(answer.part ? "asked" : "unreached");
    }, function () { if (sale === mine && mine.asks === turn) rest("unreached"); });
  }

  function rest(how) {
    sale.isAsking = false;
    sale.how = how;
    sale.nextAt = Date.now() + pause();
    kept.write(sale);
    if (isEnough(how)) giveUp();
    else tick();
  }

  // Whoever slept meanwhile knows nothing of what has come since, and has no network in the first moment.
  function isEnough(how) {
    if (sale.isGivingUp || sale.askedAt < deadline() || kept.isGone(sale)) return false;
    sale.lateAsks += 1;
    return how === "asked" || sale.lateAsks > 1;
  }

  function deadline() {
    return sale.since + GIVE_UP_MS;
  }

  // What another window has told of is only asked after.
  function giveUp() {
    if (!sale || sale.isGivingUp) return;
    if (kept.isGone(sale)) return askNow();
    sale.isGivingUp = true;
    sale.since = sale.since || Date.now();
    sale.tries = 0;
    sale.how = "";
    kept.write(sale);
    stage("giving");
    say("giving");
    ask();
  }

  function askNow() {
    if (sale && !sale.isAsking) { sale.nextAt = 0; tick(); }
  }

  function tick() {
    if (!sale || !sale.since || current() === "out") return;
    var now = Date.now();
    var isLast = !sale.isGivingUp && now >= deadline() && sale.askedAt < deadline();
    if (!sale.isAsking && (now >= sale.nextAt || isLast)) ask();
    else tellWaiting(now);
  }

  function tellWaiting(now) {
    var place = root.querySelector('[data-stage="' + (sale.isGivingUp ? "giving" : "unknown") + '"]');
    var how = sale.isAsking ? "asking" : sale.how === "unreached" ? "unreached" : "resting";
    var seconds = Math.max(1, Math.ceil((sale.nextAt - now) / 1000));
    put(place.querySelector("[data-how]"), root.getAttribute("data-" + how).replace("%s", seconds));
    var end = place.querySelector("[data-ends]");
    if (end) put(end, root.getAttribute("data-ends").replace("%s", Math.max(0, Math.ceil((deadline() - now) / 1000))));
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // Signed out meanwhile, or not allowed any more: nothing was decided by that answer.
  function out() {
    sale.isAsking = false;
    sale.since = sale.since || Date.now();
    kept.write(sale);
    stage("out");
    say("out");
  }

  function resume() {
    var found = kept.left()[0];
    if (!found) return;
    sale = { reference: found.reference, shown: found.shown, since: found.since || Date.now(), isGivingUp: found.isGivingUp, tries: 0, asks: 0, askedAt: 0, lateAsks: 0, nextAt: 0, isAsking: false, isKept: true };
    kept.write(sale);
    stage(sale.isGivingUp ? "giving" : "unknown");
    say(sale.isGivingUp ? "giving" : "unknown");
    tick();
  }

  // --- what is seen --------------------------------------------------------------------------

  function current() {
    return root.getAttribute("data-now");
  }

  function stage(name) {
    root.setAttribute("data-now", name);
    root.querySelectorAll("[data-stage]").forEach(function (part) { part.hidden = part.getAttribute("data-stage") !== name; });
    root.querySelectorAll("[data-sale-amount]").forEach(function (place) { if (sale) place.textContent = sale.shown; });
    var main = root.querySelector('[data-stage="' + name + '"] [data-main]');
    if (name !== "sell") {
      if (lens) lens.putAway();
      window.scrollTo(0, 0);
    }
    if (main) main.focus();
  }

  function say(name) {
    var words = root.querySelector('[data-stage="' + name + '"]').getAttribute("data-say");
    window.livetill.say(words.replace("%s", sale ? sale.shown : ""));
  }

  function show(part) {
    var place = root.querySelector('[data-stage="result"]');
    place.replaceChildren(document.importNode(part, true));
    var word = part.getAttribute("data-word");
    place.querySelectorAll("[data-with-script]").forEach(function (hidden) { hidden.hidden = false; });
    if (word === "paid") amount.clear();
    shownAt = Date.now();
    stage("result");
    window.livetill.say(part.getAttribute("data-say"));
    window.livetill.sound(word === "paid");
  }

  function next(isAgain) {
    var more = kept.left()[0];
    if (more) return resume(); // another sale was left without an outcome: first that one
    root.querySelector('[data-stage="result"]').replaceChildren();
    code.value = "";
    complain(amount.field, "");
    complain(code, "");
    if (!isAgain) amount.clear();
    stage("sell");
    (isAgain ? code : amount.field).focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  function complain(field, name) {
    var place = form.querySelector('[data-wrong="' + field.name + '"]');
    place.textContent = name ? root.getAttribute("data-" + name) : "";
    place.hidden = !name;
    ["aria-invalid", "aria-describedby"].forEach(function (attribute) { field.removeAttribute(attribute); });
    if (!name) return;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", place.id);
    field.focus();
    window.livetill.say(place.textContent);
  }

  function digits(text) {
    return text.normalize("NFKC").replace(/[\s\u2009-]/g, "");
  }

  function sell() {
    complain(amount.field, "");
    complain(code, "");
    if (!amount.minor()) return complain(amount.field, digits(code.value) ? "say-amount-first" : "say-amount");
    if (!digits(code.value)) return complain(code, "say-code");
    if (!/^[0-9]{18}$/.test(digits(code.value))) return complain(code, "say-digits");
    if (navigator.onLine === false) return complain(code, "say-offline");
    collect();
  }

  // --- what is pressed and scanned --------------------------------------------------------------

  function scanned(text) {
    if (sale) return;
    if (current() === "result") {
      if (text === lastCode) return; // seen twice
      next(isAgain());
    }
    if (lens) lens.putAway();
    code.value = text;
    sell();
  }

  function isAgain() {
    return Boolean(root.querySelector('[data-stage="result"] [data-scan-again]'));
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (document.activeElement === amount.field && amount.minor() && !digits(code.value)) {
      complain(amount.field, "");
      return code.focus();
    }
    sell();
  });

  root.addEventListener("click", function (event) {
    if (event.target.closest("[data-next], [data-scan-again]")) {
      event.preventDefault();
      if (event.detail === 0 && Date.now() - shownAt < CALM_MS) return;
      next(Boolean(event.target.closest("[data-scan-again]")));
    } else if (event.target.closest("[data-give-up]")) {
      giveUp();
    } else if (event.target.closest("[data-ask-now]")) {
      askNow();
    } else if (event.target.closest("[data-reload]")) {
      window.location.assign(root.getAttribute("data-url")); // not whichever shop a new session begins with
    }
  });

  function isElsewhere(element) {
    return element.closest("dialog, [data-items], .lt-side") || element.matches("input, textarea, select");
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "F2" && lens && current() === "sell") {
      event.preventDefault();
      if (lens.isOn()) lens.putAway(); else lens.start();
    } else if (event.key === "Escape" && !event.target.closest("dialog")) {
      if (current() === "result" || current() === "sell") next(false);
    } else if (event.key === "F9" && root.querySelector('[data-stage="result"] [data-print]')) {
      event.preventDefault();
      window.print();
    } else if (current() === "result" && event.key === "Enter" && !event.target.closest("a, button, input, summary, dialog")) {
      if (Date.now() - shownAt >= CALM_MS) next(isAgain());
    } else if (current() === "sell" && /^[0-9.,]$/.test(event.key) && !isElsewhere(event.target)) {
      amount.field.focus();
    }
  }, true);

  lens = window.livetill.scan({
    find: function (text) { var seen = /66[0-9]{16}$/.exec(text); return seen ? seen[0] : ""; },
    found: scanned,
    typedIn: function (field) { return field === code; },
    stands: function () { return amount.field.value; },
    restore: function (field, value, stood) {
      field.value = value;
      if (field === amount.field) return amount.put(value);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      if (field.matches("input[data-price]")) amount.put(stood); // not what the products come to
    },
    other: function () { if (current() === "sell") complain(code, "say-other"); },
  });

  // --- beginning -------------------------------------------------------------------------------

  window.addEventListener("online", askNow);
  // Who leaves hands the sale to whichever window of this till is opened next.
  window.addEventListener("pagehide", function () { if (sale) kept.write(sale, 0); });
  window.addEventListener("pageshow", function (event) { if (event.persisted && sale) kept.write(sale); });
  window.setInterval(tick, TICK_MS);
  window.setInterval(function () {
    if (!sale && current() === "sell" && !amount.minor() && !code.value) resume();
  }, 2000);
  root.querySelectorAll("[data-with-script]").forEach(function (part) { part.hidden = false; });
  window.history.replaceState(null, "", root.getAttribute("data-url")); // loaded once more, it is this shop's till
  if (kept.left()[0]) resume();
  else if (root.querySelector('[data-stage="result"] #till-sale')) stage("result");
  else {
    stage("sell");
    if (!window.matchMedia("(pointer: coarse)").matches) amount.field.focus();
  }
})();
