/* The counter that redeems: an item's code by handheld scanner or camera leads to its preview. Typing works without this. */
(function () {
  "use strict";

  function holdsCode(text) {
    return /(^|[^0-9])[0-9]{16}([^0-9]|$)/.test(text.replace(/[\s-]/g, ""));
  }

  window.livetill.scan({
    remembers: "livetill-counter-camera",
    find: function (text) { return holdsCode(text) ? text : ""; },
    found: function (text) {
      var address = new URL(document.querySelector("[data-counter]").getAttribute("data-counter"), window.location.href);
      address.searchParams.set("code", text);
      window.location.assign(address);
    },
  });

  // What was typed and not known is replaced by the next scan, not added to.
  var field = document.querySelector("[data-counter] input[name=code]");
  if (field && field.value) field.select();
})();
