/* Small behaviours of the components: theme switch, toasts, dialogs, copying, htmx's CSRF header. */
(function () {
  "use strict";

  var TOAST_STAYS_MS = 6000;

  function say(text) {
    var announcer = document.getElementById("announcer");
    if (!announcer || !text) return;
    announcer.textContent = "";
    window.setTimeout(function () {
      announcer.textContent = text;
    }, 50);
  }

  // --- theme ---------------------------------------------------------------

  var NEXT = { auto: "light", light: "dark", dark: "auto" };

  function labelThemeSwitches() {
    var chosen = window.livetillTheme.choice();
    document.querySelectorAll("[data-theme-switch]").forEach(function (button) {
      button.setAttribute("aria-label", button.getAttribute("data-label-" + chosen));
    });
  }

  // --- toasts --------------------------------------------------------------

  function closeLater(toast) {
    if (toast.getAttribute("role") === "alert") return;
    window.setTimeout(function () {
      if (!toast.matches(":hover, :focus-within")) toast.remove();
      else toast.addEventListener("mouseleave", function () { toast.remove(); });
    }, TOAST_STAYS_MS);
  }

  function toast(text, tone) {
    var box = document.getElementById("toasts");
    if (!box || !text) return;
    var made = document.createElement("div");
    made.className = "lt-toast lt-tone-" + (tone || "info");
    if (tone === "bad") made.setAttribute("role", "alert");
    var words = document.createElement("p");
    words.textContent = text;
    var close = document.createElement("button");
    close.type = "button";
    close.className = "lt-toast-close";
    close.setAttribute("data-toast-close", "");
    close.setAttribute("aria-label", box.getAttribute("data-close-label") || "×");
    close.textContent = "×";
    made.append(words, close);
    box.append(made);
    closeLater(made);
  }

  // --- copying -------------------------------------------------------------

  function copyOldWay(field) {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }

  function copied(button) {
    var label = button.querySelector("[data-copy-label]");
    if (!label) return;
    var before = label.textContent;
    label.textContent = button.getAttribute("data-copied");
    say(button.getAttribute("data-copied"));
    window.setTimeout(function () { label.textContent = before; }, 2000);
  }

  function copy(button) {
    var field = document.getElementById(button.getAttribute("data-copy"));
    if (!field) return;
    var done = function () { copied(button); };
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(field.value).then(done, function () {
        if (copyOldWay(field)) done();
      });
    } else if (copyOldWay(field)) {
      done();
    }
  }

  // --- one ear for all clicks ------------------------------------------------

  document.addEventListener("click", function (event) {
    var target = event.target.closest("button, a");
    if (!target) return;
    if (target.hasAttribute("data-theme-switch")) {
      window.livetillTheme.choose(NEXT[window.livetillTheme.choice()]);
      labelThemeSwitches();
      say(target.getAttribute("aria-label"));
    } else if (target.hasAttribute("data-toast-close")) {
      target.closest(".lt-toast").remove();
    } else if (target.hasAttribute("data-copy")) {
      copy(target);
    } else if (target.hasAttribute("data-dialog")) {
      document.getElementById(target.getAttribute("data-dialog")).showModal();
    } else if (target.hasAttribute("data-dialog-close")) {
      target.closest("dialog").close();
    } else if (target.hasAttribute("data-print")) {
      window.print();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.matches("dialog.lt-dialog")) event.target.close();
  });

  // A form that was sent once is not sent again by an impatient second tap.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-again")) return;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", "");
    window.setTimeout(function () { form.removeAttribute("data-sent"); }, 4000);
  });

  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      form.removeAttribute("data-sent");
    });
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // --- htmx ------------------------------------------------------------------

  document.addEventListener("htmx:configRequest", function (event) {
    var token = document.querySelector('meta[name="csrf-token"]');
    if (token && event.detail.verb !== "get") {
      event.detail.headers["X-CSRFToken"] = token.getAttribute("content");
    }
  });

  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.elt.closest("[data-live]")) return;
    var box = document.getElementById("toasts");
    toast(box && box.getAttribute("data-error-label"), "bad");
  });

  document.addEventListener("toast", function (event) {
    toast(event.detail.text, event.detail.tone);
  });

  window.livetill = { say: say, toast: toast };
  labelThemeSwitches();
  document.querySelectorAll("[data-toast]").forEach(closeLater);
})();
