// The language of the page, before it is shown: what was chosen before, else the center's.
(function () {
  "use strict";
  var root = document.documentElement;
  try {
    var chosen = localStorage.getItem("metric-pipelines-language");
    if (chosen === "en" || chosen === "zh") root.dataset.lang = chosen;
  } catch (error) { /* storage is off: the center's language */ }
  root.lang = root.dataset.lang === "zh" ? "zh-CN" : "en";
  root.classList.add("scripted");
})();
