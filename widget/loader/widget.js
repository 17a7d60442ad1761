// The script a retailer puts on a page:
//   <script async src="https://HOST/widget.js" data-site="site_..." data-touchpoint="checkout"></script>
// It draws the launcher and fetches the rest only when somebody opens it. Whatever happens, the page must not notice:
// nothing here throws, and `counterbell.destroy()` leaves the page as it was found.
// The build fills in the names in percent signs.
(() => {
  // A second tag, or a page of a single-page shop drawn again. (An element with that id is no widget.)
  if (window.counterbell?.destroy) return;
  try {
    // A tag inserted by a tag manager has no `currentScript` when it is a module or runs late.
    const script = document.currentScript || document.querySelector('script[data-site][src*="/widget.js"]');
    const at = (path) => new URL(path, base).href;
    const base = script.src;
    const { site, survey, locale, label } = script.dataset;

    const element = (name, parent, attributes) => {
      const made = document.createElement(name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      parent?.append(made);
      return made;
    };
    const host = element("counterbell-widget");
    const root = host.attachShadow({ mode: "open" });
    // Neither <style> nor style="" is allowed by a strict Content-Security-Policy; this is.
    const adopt = (css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    };
    adopt("%STYLE%");
    const box = element("div", root, { class: "box", hidden: "" });
    // There before its words are, or they would not be announced.
    const problem = element("p", root, { class: "problem", role: "alert" });
    const launcher = element("button", root, {
      class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": false,
    });
    launcher.textContent = label || "Feedback";

    const fetched = async (path) => {
      const response = await fetch(at(path), { credentials: "omit" });
      if (!response.ok) throw response;
      return response;
    };
    let tries = 0;
    const load = async () => {
      const query = { locale: locale || document.documentElement.lang || navigator.language };
      if (survey) query.survey = survey;
      const module_or_path = fetched("%WASM%");
      const [glue, css, config] = await Promise.all([
        // A browser may remember that a module failed; under another fragment it tries again.
        import(`${at("%GLUE%")}#${++tries}`),
        fetched("%CSS%").then((response) => response.text()),
        fetched(`v1/widget/${site}?${new URLSearchParams(query)}`).then((response) => response.json()),
        module_or_path,
      ]);
      await glue.default({ module_or_path });
      adopt(css);
      return (focus) => mount(glue, config, focus);
    };

    let sent;
    const mount = (glue, config, focus) => {
      // Read anew each time: a single-page shop may name another order in the tag.
      const { touchpoint, order, customer } = script.dataset;
      const { origin, pathname } = location;
      sent = false;
      return glue.mount(box, {
        config,
        focus,
        url: at("v1/responses"),
        // Without its query, which may name the customer; left out where a page has no address (about:, file:).
        fields: {
          site_key: site,
          survey: config.survey.name,
          touchpoint: touchpoint || undefined,
          order_ref: order || undefined,
          customer_ref: customer || undefined,
          locale: config.locale,
          page_url: /^http/.test(origin) ? (origin + pathname).slice(0, 2048) : undefined,
          channel: "web",
        },
        on: (event) => (event == "close" ? close() : (sent = true)),
      });
    };

    let loaded;
    let unmount;
    // The focus moves into the card only when the customer asked for it.
    const open = async (focus) => {
      try {
        if (!host.isConnected) document.body.append(host);
        problem.textContent = "";
        if (unmount) {
          show();
          if (focus) (box.querySelector(":checked") || box.querySelector("input"))?.focus();
          return;
        }
        launcher.setAttribute("aria-busy", true);
        loaded ||= Promise.race([load(), new Promise((_, fail) => setTimeout(fail, 20000))]);
        const mountCard = await loaded;
        // Pressed twice, or destroyed meanwhile.
        if (!unmount && window.counterbell == api) {
          show();
          unmount = mountCard(focus);
        }
      } catch {
        loaded = 0;
        close();
        problem.textContent = "This did not load. Please try again.";
      }
      launcher.removeAttribute("aria-busy");
    };
    const show = () => {
      box.hidden = false;
      launcher.setAttribute("aria-expanded", true);
    };
    // Hidden, not taken away: what was typed is still there when it is opened again. After the thanks it starts anew.
    const close = () => {
      const inside = root.activeElement;
      box.hidden = true;
      launcher.setAttribute("aria-expanded", false);
      if (sent) unmount = unmount?.();
      if (inside) launcher.focus();
    };
    launcher.onclick = () => (box.hidden ? open(true) : close());
    // What is typed here is not meant for the shop's shortcuts.
    host.onkeydown = host.onkeyup = host.onkeypress = (event) => {
      event.stopPropagation();
      if (event.type == "keydown" && event.key == "Escape" && !event.isComposing && !box.hidden) close();
    };

    const leaving = new AbortController();
    const once = { once: true, signal: leaving.signal };
    const api = (window.counterbell = {
      open: () => open(true),
      close,
      destroy() {
        leaving.abort();
        unmount?.();
        host.remove();
        delete window.counterbell;
      },
    });
    const start = () => {
      document.body.append(host);
      if (script.dataset.open != "auto") return;
      if (document.readyState == "complete") open();
      else window.addEventListener("load", () => open(), once);
    };
    if (document.body) start();
    else document.addEventListener("DOMContentLoaded", start, once);
  } catch {
    // A browser too old for one of the above shows no launcher.
  }
})();
