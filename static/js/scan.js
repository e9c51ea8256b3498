/* Reading codes at a counter: by handheld scanner anywhere on the page, or by camera.
   `livetill.scan(options)` begins; a page says what its codes look like and what is done with one:
   find(text)      the code at the end of what was typed or seen, as it stands there; "" for none
   found(text)     what to do with it
   typedIn(field)  whether people type such codes into a field; in the other fields every one is then a scan,
                   however slowly its keys come (none: only what is faster than any hand is a scan in a field)
   restore(field, value, stood)  a scan has landed in a field that held `value` before (none: it stays)
   stands()        what else may have changed with the field; `restore` gets it as it was before the scan
   other()         a scan of something else has ended in a field
   remembers       the name under which this window keeps that the camera is on; none: it starts by hand alone */
(function () {
  "use strict";

  // In a field somebody may type by hand; elsewhere digits come from a scanner alone, a slow one perhaps.
  var FAST_MS = 60, SLOW_MS = 500, QUIET_MS = 150, END_MS = 1000, FOREIGN_DIGITS = 8;

  function isField(element) {
    return Boolean(element && element.matches && element.matches("input, textarea, select"));
  }

  // --- a handheld scanner types faster than anybody, and ends with Enter or Tab -----------

  function listen(options, found) {
    var typed = "", keys = [], last = 0, quiet = 0, ending = 0;

    function patience(field) {
      return isField(field) && !options.typedIn ? FAST_MS : SLOW_MS;
    }

    function begin() {
      typed = "";
      keys = [];
    }

    function note(event) {
      var field = document.activeElement;
      if (event.timeStamp - last > patience(field)) begin();
      typed += event.key;
      last = event.timeStamp;
      keys.push({ at: last, field: field, value: isField(field) ? field.value : "", stood: options.stands ? options.stands() : null });
      window.clearTimeout(quiet);
      // Some scanners are set to end with nothing.
      var code = options.find(typed);
      if (code && (!isField(field) || (options.typedIn && (!options.typedIn(field) || isFast(code.length))))) {
        quiet = window.setTimeout(function () {
          ending = last + END_MS;
          take(code);
        }, QUIET_MS);
      }
    }

    // Whether the last keys came as no hand sends them.
    function isFast(count) {
      var run = keys.slice(-count);
      return run.every(function (key, place) { return place === 0 || key.at - run[place - 1].at <= FAST_MS; });
    }

    function take(code) {
      window.clearTimeout(quiet);
      putBack(code.length);
      begin();
      found(code);
    }

    function putBack(count) {
      var run = keys.slice(-count), fields = new Map();
      run.forEach(function (key) { if (isField(key.field) && !fields.has(key.field)) fields.set(key.field, key.value); });
      if (options.restore) fields.forEach(function (value, field) { options.restore(field, value, run[0].stood); });
    }

    function isForeign() {
      return options.other && /^[0-9A-Za-z]+$/.test(typed) && typed.length >= FOREIGN_DIGITS && isFast(typed.length);
    }

    function holdBack(event) {
      // Not the button that has the focus: a scan never confirms anything.
      event.preventDefault();
      event.stopPropagation();
    }

    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.key.length === 1) { note(event); return; }
      if (event.key !== "Enter" && event.key !== "Tab") return;
      if (event.timeStamp <= ending) { // the end of a scan that was taken before it came
        ending = 0;
        holdBack(event);
        return;
      }
      var field = document.activeElement, code = options.find(typed), waited = event.timeStamp - last;
      var isTyped = event.key === "Tab" && code && options.typedIn && options.typedIn(field) && !isFast(code.length);
      if (code && !isTyped && waited <= (isField(field) && !options.typedIn ? QUIET_MS : SLOW_MS)) {
        holdBack(event);
        take(code);
      } else if (isForeign() && waited <= QUIET_MS) {
        holdBack(event);
        putBack(typed.length);
        begin();
        options.other();
      } else {
        begin();
      }
    }, true);
  }

  // --- the camera -----------------------------------------------------------------------

  var EVERY_MS = 120, WANTED = ["qr_code", "code_128"], LAST = "livetill-counter-last", STILL_MS = 4000;

  function box() { return document.querySelector("[data-camera]"); }

  function tell(name) {
    var place = box().querySelector("[data-camera-said]");
    if (place.getAttribute("data-camera-said") === name) return;
    place.setAttribute("data-camera-said", name);
    place.textContent = name ? box().getAttribute("data-" + name) : "";
    place.hidden = !name;
    window.livetill.say(place.textContent);
  }

  function show(isOn) {
    var here = box();
    here.querySelector("[data-camera-on]").hidden = isOn;
    here.querySelector("[data-camera-view]").hidden = !isOn;
    here.classList.toggle("lt-camera-live", isOn);
  }

  function loadScript(address) {
    return new Promise(function (resolve, reject) {
      if (window.BarcodeDetectionAPI) { resolve(); return; }
      var script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  async function nativeDetector() {
    if (!window.BarcodeDetector) return null;
    try {
      var known = await window.BarcodeDetector.getSupportedFormats();
      var wanted = WANTED.filter(function (format) { return known.includes(format); });
      return wanted.includes("qr_code") ? new window.BarcodeDetector({ formats: wanted }) : null;
    } catch (_error) {
      return null;
    }
  }

  // The browser's own detector where there is one, else the vendored reader, from this site alone.
  async function detector() {
    var own = await nativeDetector();
    if (own) return own;
    var here = box();
    await loadScript(here.getAttribute("data-reader"));
    var reader = window.BarcodeDetectionAPI;
    var wasm = here.getAttribute("data-wasm");
    await reader.prepareZXingModule({
      overrides: { locateFile: function (path, prefix) { return path.endsWith(".wasm") ? wasm : prefix + path; } },
      fireImmediately: true,
    });
    return new reader.BarcodeDetector({ formats: WANTED });
  }

  function failure(error) {
    if (error && (error.name === "NotAllowedError" || error.name === "SecurityError")) return "refused";
    if (error && (error.name === "NotFoundError" || error.name === "OverconstrainedError")) return "none";
    return "failed";
  }

  function camera(options, found) {
    var stream = null, turn = 0, began = 0;

    function keep(isOn) {
      if (!options.remembers) return;
      try { window.sessionStorage.setItem(options.remembers, isOn ? "1" : ""); } catch (_error) { /* private window: asked again */ }
    }

    function wasOn() {
      if (!options.remembers) return false;
      try { return window.sessionStorage.getItem(options.remembers) === "1"; } catch (_error) { return false; }
    }

    function stop() {
      turn += 1;
      if (!stream) return;
      stream.getTracks().forEach(function (track) { track.stop(); });
      stream = null;
    }

    async function start() {
      var mine = (turn += 1);
      tell("starting");
      try {
        var opened = await navigator.mediaDevices.getUserMedia({
          audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
        });
        if (mine !== turn) { opened.getTracks().forEach(function (track) { track.stop(); }); return; }
        stream = opened;
        var video = box().querySelector("video");
        video.srcObject = stream;
        show(true);
        await video.play();
        var reading = await detector();
        tell("looking");
        began = window.performance.now();
        keep(true);
        look(reading, video, mine);
      } catch (error) {
        if (mine !== turn) return;
        stop();
        show(false);
        keep(false);
        tell(failure(error));
      }
    }

    async function look(reading, video, mine) {
      while (mine === turn && stream) {
        try {
          var seen = await reading.detect(video);
          if (mine !== turn) return;
          var code = seen.map(function (one) { return options.find(one.rawValue); }).find(function (one) { return one && !isStill(one); });
          if (code) { read(code); return; }
          if (seen.some(function (one) { return !options.find(one.rawValue); })) tell("other");
        } catch (_error) { /* a frame that could not be read: the next one comes */ }
        await new Promise(function (resolve) { window.setTimeout(resolve, EVERY_MS); });
      }
    }

    // A code that is still before the camera after it was dealt with is not looked up again at once.
    function isStill(text) {
      try {
        return window.performance.now() - began < STILL_MS && window.sessionStorage.getItem(LAST) === text;
      } catch (_error) {
        return false;
      }
    }

    function read(text) {
      tell("found");
      try { window.sessionStorage.setItem(LAST, text); } catch (_error) { /* as above */ }
      if (navigator.vibrate) navigator.vibrate(60);
      found(text);
    }

    function putAway() {
      stop();
      show(false);
      tell("");
    }

    document.addEventListener("click", function (event) {
      if (event.target.closest("[data-camera-on]")) start();
      if (event.target.closest("[data-camera-off]")) {
        keep(false);
        putAway();
        box().querySelector("[data-camera-on]").focus();
      }
    });

    window.addEventListener("pagehide", stop);
    window.addEventListener("pageshow", function (event) {
      if (event.persisted) putAway();
    });

    box().hidden = false;
    if (wasOn()) start();
    return { start: start, stop: stop, putAway: putAway, isOn: function () { return stream !== null; } };
  }

  window.livetill.scan = function (options) {
    var lens = null;
    function found(text) {
      if (lens) lens.stop();
      options.found(text);
    }
    listen(options, found);
    if (box() && navigator.mediaDevices && navigator.mediaDevices.getUserMedia) lens = camera(options, found);
    return lens;
  };
})();
