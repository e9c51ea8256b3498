/* The buyer's payment code: asked for, counted down, renewed before its end, and what came of it.
   One asking has one name: an answer that got lost is asked for again under it, and is the same code. */
(function () {
  "use strict";

  var root = document.querySelector("[data-pay-code]");
  if (!root) return;

  var RENEW_MS = 15000;
  var POLL_MS = 1000;
  var ANSWER_MS = 8000;
  var AGAIN_MS = 4000;
  var SILENT_MS = 3000;
  var LATE_MS = 10000;
  var HIDDEN_MS = 60000;
  var MOST_RENEWALS = 20;

  var notice = root.querySelector("[data-notice]");
  var shown = null;
  var pending = null;
  var polling = false;
  var hiddenSince = null;
  var troubleSince = null;
  var renewals = 0;
  var awake = null;

  // --- time: by what has passed here since the answer, also while the device slept ------

  function left() {
    var passed = Math.max(performance.now() - shown.ticks, Date.now() - shown.date);
    return shown.leftMs - passed;
  }

  function name() {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  // --- asking for a code -----------------------------------------------------------------

  function ask(fields, isRenewal) {
    if (pending) {
      if (isRenewal) return;
      pending.isOver = true;
    }
    renewals = isRenewal ? renewals + 1 : 0;
    pending = { fields: new URLSearchParams(fields), tries: 0, isOver: false, isAsking: false };
    pending.fields.set("request", name());
    if (isRenewal && shown) pending.fields.set("showing", shown.id);
    send(pending);
  }

  function send(asking) {
    if (asking.isOver || asking.isAsking) return;
    asking.isAsking = true;
    asking.tries += 1;
    reach(root.getAttribute("data-code-url"), { method: "POST", body: asking.fields }, ANSWER_MS).then(function (answer) {
      asking.isAsking = false;
      if (asking.isOver) return;
      if (answer.status === 409 || answer.status >= 500 || !answer.stage) {
        later(asking);
        return;
      }
      finish(asking);
      heard();
      show(answer.stage);
    }, function () {
      asking.isAsking = false;
      if (asking.isOver) return;
      missed();
      later(asking);
    });
  }

  function later(asking) {
    window.setTimeout(function () { send(asking); }, Math.min(1000 * asking.tries, AGAIN_MS));
  }

  function finish(asking) {
    asking.isOver = true;
    if (pending === asking) pending = null;
  }

  function reach(address, options, patience) {
    var control = new AbortController();
    var timer = window.setTimeout(function () { control.abort(); }, patience);
    options.signal = control.signal;
    options.cache = "no-store";
    options.headers = {
      "HX-Request": "true",
      "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').getAttribute("content"),
    };
    return fetch(address, options).then(function (answer) {
      if (answer.redirected || answer.status === 403) window.location.reload(); // signed out meanwhile
      return answer.text().then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        return { status: answer.status, stage: page.getElementById("till-stage") };
      });
    }).finally(function () { window.clearTimeout(timer); });
  }

  // --- what came of it -------------------------------------------------------------------

  function poll() {
    if (!shown || polling || document.hidden) return;
    if (left() < -LATE_MS && !pending) return; // no till can collect with it any more
    var asked = shown.id;
    polling = true;
    reach(root.getAttribute("data-state-url") + "?code=" + asked, {}, ANSWER_MS).then(function (answer) {
      polling = false;
      if (answer.status >= 500) return missed();
      heard();
      if (answer.status !== 200 || !answer.stage || !shown || shown.id !== asked) return;
      var word = answer.stage.getAttribute("data-word");
      if (pending && (word === "replaced" || word === "ended")) {
        // By ourselves: the answer that brings the new one is still to come.
        shown.isGone = true;
        send(pending);
        return;
      }
      if (word === "ended") return; // the next code is asked for as soon as it may be
      if (pending) finish(pending);
      show(answer.stage);
    }, function () {
      polling = false;
      missed();
    });
  }

  // --- showing ---------------------------------------------------------------------------

  function stage() {
    return document.getElementById("till-stage");
  }

  function show(fresh) {
    var old = stage();
    var hadFocus = old.contains(document.activeElement);
    var word = fresh.getAttribute("data-word");
    var renewed = word === "code" && shown !== null;
    if (renewed && hadFocus && document.activeElement.matches("input")) {
      // Somebody is typing the PIN: only the code is exchanged.
      old.querySelector(".lt-shown-code").replaceWith(fresh.querySelector(".lt-shown-code"));
      ["data-code", "data-left-ms"].forEach(function (key) { old.setAttribute(key, fresh.getAttribute(key)); });
    } else {
      keepOpen(old, fresh);
      old.replaceWith(fresh);
      if (hadFocus || word === "pin") focus(word);
    }
    take();
    var words = stage().getAttribute("data-say");
    if (words && window.livetill) window.livetill.say(words);
    if (stage().getAttribute("data-url")) window.history.replaceState(null, "", stage().getAttribute("data-url"));
    if (word !== "code" && word !== "start" && !hadFocus) window.scrollTo(0, 0);
    tick();
    stayAwake();
  }

  function keepOpen(old, fresh) {
    var was = old.querySelector("details[open]");
    var now = fresh.querySelector("details");
    if (was && now) now.open = true;
  }

  function focus(word) {
    var place = word === "pin" ? stage().querySelector("[name=pin]") : stage().querySelector("h2[tabindex]");
    place = place || stage().querySelector("button, a");
    if (place) place.focus();
  }

  function take() {
    var now = stage();
    if (now.getAttribute("data-word") !== "code") {
      shown = null;
      return;
    }
    shown = {
      id: now.getAttribute("data-code"),
      leftMs: Number(now.getAttribute("data-left-ms")),
      isPinSaid: now.hasAttribute("data-pin-said"),
      isGone: false,
      ticks: performance.now(),
      date: Date.now(),
    };
  }

  function put(selector, isHidden) {
    var part = stage().querySelector(selector);
    if (part) part.hidden = isHidden;
    return part;
  }

  function mayRenew() {
    if (pending || renewals >= MOST_RENEWALS) return false;
    return !document.hidden || performance.now() - hiddenSince < HIDDEN_MS;
  }

  function tick() {
    var troubled = troubleSince !== null && performance.now() - troubleSince >= SILENT_MS;
    if (!shown) {
      tell(troubled ? "data-offline-ended" : "");
      return;
    }
    var rest = left();
    // With the PIN said it is not exchanged for one without, as long as it works.
    if (rest <= (shown.isPinSaid ? 0 : RENEW_MS) && mayRenew()) ask({}, true);
    var hasEnded = rest <= 0 || shown.isGone;
    put("[data-cover]", !hasEnded);
    put("[data-rested]", !(hasEnded && !pending));
    stage().querySelector("[data-left-bar]").value = Math.max(0, rest / 1000);
    stage().querySelector(".lt-shown-code").classList.toggle("lt-code-short", rest < RENEW_MS);
    spell(rest, hasEnded);
    if (troubled || (troubleSince !== null && hasEnded)) tell(hasEnded ? "data-offline-ended" : "data-offline");
    else tell("");
  }

  function spell(rest, hasEnded) {
    var key = "data-renews";
    var until = rest - RENEW_MS;
    if (hasEnded) key = pending ? "data-renewing" : "data-rests";
    else if (until <= 0 || shown.isPinSaid || renewals >= MOST_RENEWALS) {
      key = "data-lasts";
      until = rest;
    }
    stage().querySelector("[data-left-text]").textContent = root.getAttribute(key).replace("%s", Math.max(0, Math.ceil(until / 1000)));
  }

  function tell(key) {
    var words = key ? root.getAttribute(key) : "";
    if (notice.textContent !== words) notice.textContent = words;
    notice.hidden = !words;
  }

  function heard() {
    troubleSince = null;
  }

  function missed() {
    if (troubleSince === null) troubleSince = performance.now();
  }

  // --- the screen stays lit while a code is on it ------------------------------------------

  function stayAwake() {
    if (!navigator.wakeLock || document.hidden) return;
    if (shown && renewals < MOST_RENEWALS && !awake) {
      awake = "asked";
      navigator.wakeLock.request("screen").then(function (lock) {
        awake = lock;
        lock.addEventListener("release", function () { awake = null; });
      }, function () { awake = null; });
    } else if (!shown && awake && awake.release) {
      awake.release();
    }
  }

  // --- the page's life -----------------------------------------------------------------------

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-code-form]")) return;
    event.preventDefault();
    var pin = event.target.querySelector("[name=pin]");
    var fields = pin ? { pin: pin.value, wants_pin: "1" } : {};
    ask(fields, false);
    tick();
  });

  document.addEventListener("visibilitychange", function () {
    hiddenSince = document.hidden ? performance.now() : null;
    if (document.hidden) return;
    renewals = 0;
    poll();
    tick();
    stayAwake();
  });

  window.addEventListener("online", function () {
    if (pending) send(pending);
    poll();
  });

  if (document.hidden) hiddenSince = performance.now();
  take();
  if (stage().getAttribute("data-word") === "start") ask({}, false);
  tick();
  window.setInterval(tick, 250);
  window.setInterval(poll, POLL_MS);
})();
