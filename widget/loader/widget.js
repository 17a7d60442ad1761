// The script a retailer puts on a page:
//   <script async src="https://HOST/widget.js" data-site="site_..." data-touchpoint="checkout"></script>
// It draws the launcher and fetches the rest only when somebody opens it. Whatever happens, the page must not notice:
// nothing here throws, and `counterbell.destroy()` leaves the page as it was found.
// The build fills in the names in percent signs.
(() => {
  try {
    const tag = () => document.querySelector('script[data-site][src*="/widget.js"]');
    // A tag inserted by a tag manager has no `currentScript` when it is a module or runs late.
    const script = document.currentScript || tag();
    // A second tag does nothing, unless the first went away with the page it was on, as in a single-page shop. (An
    // element with that id is no widget.)
    const first = window.counterbell;
    if (first?.tag?.isConnected) return;
    first?.destroy?.();
    const at = (path) => new URL(path, script.src).href;
    const { site, survey, locale, label } = script.dataset;

    const element = (name, parent, attributes) => {
      const made = document.createElement(name);
      // Not `for in`: pages add to every object's names.
      for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
      parent?.append(made);
      return made;
    };
    // In the top layer, where no transform, opacity or overlay of the page reaches it.
    const host = element("counterbell-widget", null, { popover: "manual" });
    const root = host.attachShadow({ mode: "open" });
    // Neither <style> nor style="" is allowed by a strict Content-Security-Policy; this is.
    const adopt = (css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    };
    adopt("%STYLE%");
    const box = element("div", root, { class: "box" });
    // There before its words are, or they would not be announced.
    const problem = element("p", root, { class: "problem", role: "alert" });
    const launcher = element("button", root, {
      class: "launcher", type: "button", "aria-haspopup": "dialog",
    });
    launcher.textContent = label || "Feedback";

    // Not by `fetch`, in whose place pages put functions of their own.
    const ask = (path, type, body) =>
      new Promise((done, fail) => {
        const request = new XMLHttpRequest();
        request.open(body ? "POST" : "GET", at(path));
        request.responseType = type;
        request.timeout = 10000;
        if (body) request.setRequestHeader("content-type", "application/json");
        request.onloadend = () => (body ? done(request) : request.status == 200 ? done(request.response) : fail());
        request.send(body);
      });
    // `fetch` first, which goes on when the customer leaves the page, unless it throws or answers from nowhere.
    const send = async (url, init) => {
      try {
        const response = await fetch(url, init);
        if (response.url) return response;
      } catch {
        if (init.signal?.aborted) throw 0;
      }
      return ask(url, "", init.body);
    };
    const load = async () => {
      const query = { locale: locale || document.documentElement.lang || navigator.language };
      if (survey) query.survey = survey;
      const [glue, css, config, module_or_path] = await Promise.all([
        // A browser may remember that a module failed; under another fragment it tries again.
        import(`${at("%GLUE%")}#${Date.now()}`),
        ask("%CSS%", ""),
        ask(`v1/widget/${site}?${new URLSearchParams(query)}`, "json"),
        ask("%WASM%", "arraybuffer"),
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
        fetch: send,
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
      if (!here()) return;
      try {
        attach();
        problem.textContent = "";
        if (unmount) {
          show(true);
          if (focus) (box.querySelector(":checked") || box.querySelector("input"))?.focus();
          return;
        }
        launcher.setAttribute("aria-busy", true);
        loaded ||= Promise.race([load(), new Promise((_, fail) => setTimeout(fail, 20000))]);
        const mountCard = await loaded;
        // Pressed twice, or destroyed meanwhile.
        if (!unmount && here()) {
          show(true);
          unmount = mountCard(focus);
        }
      } catch {
        loaded = 0;
        close();
        problem.textContent = "This did not load. Please try again.";
      }
      launcher.removeAttribute("aria-busy");
    };
    const show = (shown) => {
      box.hidden = !shown;
      launcher.setAttribute("aria-expanded", shown);
    };
    show(false);
    // Hidden, not taken away: what was typed is still there when it is opened again. After the thanks it starts anew.
    const close = () => {
      const inside = root.activeElement;
      show(false);
      if (sent) unmount = unmount?.();
      if (inside) launcher.focus();
    };
    launcher.onclick = () => (box.hidden ? open(true) : close());
    // What is typed here is not meant for the shop's shortcuts.
    host.onkeydown = host.onkeyup = host.onkeypress = (event) => {
      event.stopPropagation();
      if (event.type == "keydown" && event.key == "Escape" && !event.isComposing && !box.hidden) close();
    };

    let body;
    const attach = () => {
      body = document.body;
      if (!host.isConnected) {
        body.append(host);
        host.showPopover?.();
      }
      for (const node of [document, document.documentElement, body]) watch.observe(node, { childList: true });
    };
    // Not destroyed, and on a page that has a body.
    const here = () => window.counterbell == api && document.body;
    // Frameworks empty the body, or replace it by one with a tag. Not at once: a page that keeps taking the widget away
    // must not hang.
    const comeBack = () => here() && (body == here() || tag()) && attach();
    const watch = new MutationObserver(() => host.isConnected || setTimeout(comeBack, 99));
    const api = (window.counterbell = {
      open: () => open(true),
      close,
      tag: script,
      destroy() {
        watch.disconnect();
        unmount?.();
        host.remove();
        delete window.counterbell;
      },
    });
    const once = { once: true };
    const start = () => {
      if (!here()) return;
      attach();
      if (script.dataset.open != "auto") return;
      if (document.readyState == "complete") open();
      else addEventListener("load", () => open(), once);
    };
    if (document.body) start();
    else addEventListener("DOMContentLoaded", start, once);
  } catch {
    // A browser too old for one of the above shows no launcher.
  }
})();
