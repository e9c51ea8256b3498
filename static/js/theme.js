/* Before the first paint: light or dark, as chosen once on this device or as the system says. */
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function choice() {
    try {
      return localStorage.getItem("livetill-theme") || "auto";
    } catch (_error) {
      return "auto";
    }
  }

  function apply() {
    var chosen = choice();
    var dark = chosen === "dark" || (chosen === "auto" && system.matches);
    root.setAttribute("data-theme-choice", chosen);
    root.setAttribute("data-bs-theme", dark ? "dark" : "light");
    var bar = document.querySelector('meta[name="theme-color"]');
    if (bar) bar.setAttribute("content", dark ? "#0e1513" : "#f6f5f1");
    document.dispatchEvent(new CustomEvent("livetill:theme"));
  }

  window.livetillTheme = {
    choice: choice,
    choose: function (chosen) {
      try {
        localStorage.setItem("livetill-theme", chosen);
      } catch (_error) {
        /* A browser that keeps nothing still follows the system. */
      }
      apply();
    },
  };
  system.addEventListener("change", apply);
  apply();
})();
