/* The till's two sounds, made here: a rising one for paid, a low one for all else. Off by a press, remembered. */
(function () {
  "use strict";

  var KEPT = "livetill-till-silent";
  var button = document.querySelector("[data-sound]");
  var audio = null;

  function isSilent() {
    try { return window.localStorage.getItem(KEPT) === "1"; } catch (_error) { return false; }
  }

  function draw() {
    if (!button) return;
    button.setAttribute("aria-pressed", String(!isSilent()));
    button.querySelectorAll("[data-sound-icon]").forEach(function (icon) {
      icon.hidden = (icon.getAttribute("data-sound-icon") === "off") !== isSilent();
    });
  }

  function tone(hertz, at) {
    var voice = audio.createOscillator(), loud = audio.createGain();
    voice.frequency.value = hertz;
    loud.gain.setValueAtTime(0.12, audio.currentTime + at);
    loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.22);
    voice.connect(loud).connect(audio.destination);
    voice.start(audio.currentTime + at);
    voice.stop(audio.currentTime + at + 0.24);
  }

  window.livetill.sound = function (isGood) {
    var Context = window.AudioContext;
    if (isSilent() || !Context) return;
    try {
      audio = audio || new Context();
      (isGood ? [660, 990] : [220, 165]).forEach(function (hertz, place) { tone(hertz, place * 0.12); });
    } catch (_error) { /* a till without sound still shows it */ }
  };

  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", function () {
    try { window.localStorage.setItem(KEPT, isSilent() ? "" : "1"); } catch (_error) { /* as before, next time */ }
    draw();
  });
  draw();
})();
