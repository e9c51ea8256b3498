/* Asking for a refund, made nicer where scripts run: the code by camera, photos taken one after the other.
   Without this the code is typed and the photos are chosen at once. */
(function () {
  "use strict";

  var SIDE = 240;

  // --- the code ---------------------------------------------------------------------------

  function digits(text) {
    var found = /(^|[^0-9])([0-9]{16})([^0-9]|$)/.exec(text.replace(/[\s-]/g, ""));
    return found ? found[2] : "";
  }

  var code = document.querySelector("[data-refund] input[name=item_code]");
  var lens = window.livetill.scan({
    find: digits,
    found: function (text) {
      code.value = digits(text);
      if (lens) lens.putAway();
      code.focus();
    },
    restore: function (field, value) { field.value = value; },
  });

  // --- photos: a camera gives one at a time, and each would take the place of the last ------

  var input = document.querySelector("[data-photos]");
  var list = document.querySelector("[data-photo-list]");
  var kept = [];

  function same(one, other) {
    return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  }

  function put() {
    var all = new DataTransfer();
    kept.forEach(function (file) { all.items.add(file); });
    input.files = all.files;
    list.hidden = kept.length === 0;
    list.replaceChildren.apply(list, kept.map(row));
  }

  function words(name, number) {
    return list.getAttribute(name).replace("%s", String(number));
  }

  // Drawn on a canvas: the site's policy shows no pictures by addresses of the browser's own.
  async function draw(file, canvas) {
    try {
      var picture = await window.createImageBitmap(file);
      var side = Math.min(picture.width, picture.height);
      canvas.getContext("2d").drawImage(
        picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, SIDE, SIDE
      );
      picture.close();
    } catch (_error) { /* a kind of file that this browser can't draw: the server says what it thinks of it */ }
  }

  function row(file, place) {
    var item = document.createElement("li"), canvas = document.createElement("canvas"), away = document.createElement("button");
    canvas.width = canvas.height = SIDE;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words("data-name", place + 1));
    away.type = "button";
    away.className = "btn lt-photo-away";
    away.textContent = "×";
    away.setAttribute("aria-label", words("data-away", place + 1));
    away.addEventListener("click", function () {
      kept.splice(place, 1);
      put();
      window.livetill.say(words("data-count", kept.length));
      input.focus();
    });
    item.append(canvas, away);
    draw(file, canvas);
    return item;
  }

  input.addEventListener("change", function () {
    var most = Number(input.getAttribute("data-photos"));
    Array.from(input.files).forEach(function (file) {
      if (!kept.some(function (one) { return same(one, file); })) kept.push(file);
    });
    var over = kept.length > most;
    kept = kept.slice(0, most);
    put();
    window.livetill.say(over ? list.getAttribute("data-full") : words("data-count", kept.length));
  });

  // Browsers put files back on the way back: they are shown then, too.
  if (input.files.length) input.dispatchEvent(new Event("change"));
})();
