// Switching the language, searching and filtering, charts. Nothing is loaded and nothing is sent.
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  function translate(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    all("[data-i18n]").forEach((element) => {
      const text = element.dataset[lang];
      if (element.dataset.i18n === "text") element.textContent = text;
      else element.setAttribute(element.dataset.i18n, text);
    });
    all("[data-language]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.language === lang));
    });
    draw(lang);
  }

  function switchable() {
    all("[data-language]").forEach((button) => button.addEventListener("click", () => {
      try { localStorage.setItem("metric-pipelines-language", button.dataset.language); } catch (error) { /* off */ }
      translate(button.dataset.language);
    }));
  }

  const WORDS = {
    en: { month: "Month", value: "Value", metric: "Metric" },
    zh: { month: "月份", value: "数值", metric: "指标" },
  };

  function titled(node, words) {
    if (Array.isArray(node)) node.forEach((part) => titled(part, words));
    else if (node && typeof node === "object") {
      if (Array.isArray(node.tooltip)) node.tooltip.forEach((one) => { one.title = words[one.title] || one.title; });
      Object.values(node).forEach((part) => titled(part, words));
    }
    return node;
  }

  function draw(lang) {
    if (!window.vegaEmbed) return;
    all("script.spec").forEach((script) => {
      const place = script.previousElementSibling;
      const names = (JSON.parse(script.textContent).usermeta || {}).names || {};
      const named = (_, value) => (typeof value === "string" && Object.hasOwn(names, value) ? names[value][lang] : value);
      const spec = titled(JSON.parse(script.textContent, named), WORDS[lang]);
      window.vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, tooltip: { theme: "custom" } })
        .then(() => {
          place.dataset.drawn = lang;
          all("svg", place).forEach((svg) => { svg.setAttribute("aria-hidden", "true"); svg.removeAttribute("role"); });
        });
    });
  }

  const fold = (text) => text.normalize("NFKC").toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean).join(" ");

  // 0 called exactly so, 1 begins so, 2 holds it, 3 holds every word, -1 not at all.
  function rank(names, wanted) {
    if (!wanted) return 0;
    if (names.includes(wanted)) return 0;
    if (names.some((name) => name.startsWith(wanted))) return 1;
    if (names.some((name) => name.includes(wanted))) return 2;
    const text = names.join("\n");
    return wanted.split(" ").every((word) => text.includes(word)) ? 3 : -1;
  }

  function searchable() {
    const form = document.querySelector("form.filters");
    if (!form) return;
    const body = document.querySelector("table.metrics tbody");
    const rows = all("tr", body).map((row) => ({ row, names: row.dataset.search.split("\n") }));
    const fields = ["department", "tier", "owner", "state"].map((id) => document.getElementById(id));
    const query = document.getElementById("q");

    function apply() {
      const wanted = fold(query.value);
      const found = [];
      rows.forEach(({ row, names }, place) => {
        const fits = fields.every((field) => !field.value || (field.id === "owner"
          ? row.dataset.owner.split(" ").includes(field.value) : row.dataset[field.id] === field.value));
        const how = fits ? rank(names, wanted) : -1;
        row.hidden = how < 0;
        if (how >= 0) found.push({ row, how, place });
      });
      found.sort((a, b) => a.how - b.how || a.place - b.place).forEach(({ row }) => body.appendChild(row));
      document.getElementById("shown").textContent = String(found.length);
      document.getElementById("nothing").hidden = found.length > 0;
      remember();
    }

    function remember() {
      const kept = new URLSearchParams();
      if (query.value.trim()) kept.set("q", query.value.trim());
      fields.forEach((field) => { if (field.value) kept.set(field.id, field.value); });
      const hash = kept.toString();
      if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? "#" + hash : location.pathname);
    }

    function recall() {
      const kept = new URLSearchParams(location.hash.slice(1));
      query.value = kept.get("q") || "";
      fields.forEach((field) => { field.value = kept.get(field.id) || ""; if (field.selectedIndex < 0) field.value = ""; });
      apply();
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", apply);
    form.addEventListener("change", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    window.addEventListener("hashchange", recall);
    recall();
  }

  window.addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
    // A wide picture opens at the asset it is about.
  function centred() {
    all(".lineage .self rect").forEach((rect) => {
      const scroll = rect.closest(".scroll"), own = rect.getBoundingClientRect(), frame = scroll.getBoundingClientRect();
      scroll.scrollLeft += own.left + own.width / 2 - frame.left - frame.width / 2;
    });
  }

  document.addEventListener("DOMContentLoaded", () => { switchable(); centred(); searchable(); translate(root.dataset.lang); });
})();
