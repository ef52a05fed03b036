// The colours: as the system has them, or as chosen. The page works without this script.
(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("theme");
  var choices = ["system", "light", "dark"], now = "system";
  function apply(choice) {
    now = choice;
    if (choice === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", choice);
    button.textContent = "Colours: " + choice;
    try { localStorage.setItem("trigrad-theme", choice); } catch (error) { /* a page from disk may have no storage */ }
  }
  var kept = null;
  try { kept = localStorage.getItem("trigrad-theme"); } catch (error) { /* as above */ }
  if (choices.indexOf(kept) > 0) apply(kept);
  button.addEventListener("click", function () { apply(choices[(choices.indexOf(now) + 1) % 3]); });
  var open = document.getElementById("open"), all = document.querySelectorAll(".jobs details");
  function openAll(yes) { all.forEach(function (one) { one.open = yes; }); open.textContent = yes ? "Close all" : "Open all"; }
  open.addEventListener("click", function () { openAll(open.textContent === "Open all"); });
  window.addEventListener("beforeprint", function () { openAll(true); });
})();
