/* The page of an outage: asks whether all is well again, and then goes where it was meant to go. */
(function () {
  "use strict";

  var EVERY_MS = 5000;

  function ask() {
    fetch("/readyz", { cache: "no-store" }).then(
      function (answer) {
        if (answer.ok) window.location.replace(window.location.href);
        else window.setTimeout(ask, EVERY_MS);
      },
      function () { window.setTimeout(ask, EVERY_MS); }
    );
  }

  window.setTimeout(ask, EVERY_MS);
})();
