// The script a retailer puts on a page:
//   <script async src="https://HOST/widget.js" data-site="site_..." data-touchpoint="checkout"></script>
// It draws the launcher and fetches the rest only when somebody opens it. Whatever happens, the page must not notice:
// nothing here throws, and `counterbell("destroy")` leaves the page as it was found.
// Written for browsers of 2018 and later: one that lacks something shows a link to the hosted page instead.
// The build fills in the names in percent signs.
(() => {
  const find = (css) => document.querySelector(css);
  const tag = () => find('script[data-site][src*="/widget.js"]');
  // A tag inserted by a tag manager has no `currentScript` when it is a module or runs late.
  const script = document.currentScript || tag();
  // A second tag does nothing, unless the first went away with the page it was on, as in a single-page shop. (An
  // element with that id is no widget.)
  const first = window.counterbell || 0;
  if (first.tag) {
    if (first.tag.isConnected) return;
    first("destroy");
  }
  const data = script.dataset;
  const at = (path) => new URL(path, script.src).href;
  const element = (name, parent, attributes) => {
    const made = document.createElement(name);
    // Not `for in`: pages add to every object's names.
    for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
    if (parent) parent.append(made);
    return made;
  };
  const label = data.label || "Feedback";
  // Where WebAssembly, this script or its files do not work.
  const link = (parent) => {
    const href = at(`f/${data.site}/${encodeURIComponent(data.touchpoint || "default")}`);
    element("a", parent, { href, target: "_blank" }).textContent = label + " \u2197";
  };

  // What the page asks for: what it tells stands in the tag's attributes from then on.
  const api = (window.counterbell = (name, value, more) => {
    if (name == "setLocale") value = { locale: value };
    if (typeof value == "object") {
      for (const key of Object.keys(value || {})) {
        if (value[key] == null) delete data[key];
        else data[key] = value[key];
      }
    }
    run([name, value, more]);
  });
  api.tag = script;
  // Commands until the card is there, those of before the script was there first.
  let waiting = Array.from(first.q || []);
  let run = (command) => waiting.push(command);
  // Not destroyed, and on a page that has a body.
  const here = () => window.counterbell == api && document.body;

  const start = () => {
    const name = "counterbell-widget";
    const place = () => find(data.target || name);
    // In the page's own place, else in the top layer, where no transform, opacity or overlay of the page reaches it.
    const inline = place();
    const floats = { popover: "manual", class: data.position || "" };
    const host = inline && inline.matches(name) ? inline : element(name, 0, inline ? {} : floats);
    const root = host.shadowRoot || host.attachShadow({ mode: "open" });
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
    const launcher = element("button", !inline && root, {
      class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": false,
    });
    launcher.textContent = label;
    box.hidden = true;
    const fail = () => {
      problem.textContent = "";
      link(problem);
    };

    // Not by `fetch`, in whose place pages put functions of their own.
    const get = (path, type) =>
      new Promise((done, fail) => {
        const request = new XMLHttpRequest();
        request.open("GET", at(path));
        request.responseType = type;
        request.timeout = 10000;
        request.onloadend = () => (request.status == 200 ? done(request.response) : fail());
        request.send();
      });
    const wanted = () => {
      const query = { locale: data.locale || document.documentElement.lang || navigator.language };
      if (data.survey) query.survey = data.survey;
      return `v1/widget/${data.site}?${new URLSearchParams(query)}`;
    };
    // A browser may remember that a module failed; under another fragment it tries again.
    const fetchScript = () => import(`${at("%SCRIPT%")}#${Date.now()}`);

    let card;
    let loading;
    const load = async () => {
      const { pathname } = location;
      const asked = wanted();
      problem.textContent = "";
      // Not at once: the files of a card seen before are there sooner, and a frame would be drawn for nothing.
      setTimeout(() => loading && !card && launcher.setAttribute("aria-busy", true), 200);
      try {
        if (!loading) {
          const script = fetchScript();
          // Compiled as soon as it is there: nothing takes longer.
          const compiled = get("%WASM%", "arraybuffer").then((bytes) => script.then(({ compile }) => compile(bytes)));
          loading = Promise.race([
            Promise.all([script, compiled, get("%CSS%", ""), get(asked, "json")]),
            new Promise((_, fail) => setTimeout(fail, 20000)),
          ]);
        }
        const [{ start }, ...files] = await loading;
        // The customer went on in a single-page shop, and is not asked about what they left.
        const left = location.pathname != pathname;
        if (here() && !card) {
          card = start({ adopt, asked, at, attach, box, data, fail, get, here, host, inline, launcher, wanted }, ...files);
          for (const command of waiting) if (!left || command[0] != "open") card(...command);
        }
      } catch (_) {
        loading = 0;
        fail();
      }
      launcher.removeAttribute("aria-busy");
    };

    let body;
    const attach = () => {
      body = document.body;
      if (!host.isConnected) {
        ((inline && place()) || body).append(host);
        if (!inline && host.showPopover) host.showPopover();
      }
      for (const node of [document, document.documentElement, body]) watch.observe(node, { childList: true });
    };
    // Frameworks empty the body, or replace it by one with a tag. Not at once: a page that keeps taking the widget away
    // must not hang.
    const comeBack = () => here() && (body == here() || tag()) && attach();
    const watch = new MutationObserver(() => host.isConnected || setTimeout(comeBack, 99));

    run = (command) => {
      if (card) card(...command);
      else if ((waiting.push(command), command[0] == "open") && here()) load();
      if (command[0] == "destroy") {
        watch.disconnect();
        host.remove();
        delete window.counterbell;
      }
    };
    launcher.onpointerdown = load;
    launcher.onclick = () => api(box.hidden ? "open" : "close");
    attach();
    const commands = waiting;
    waiting = [];
    for (const command of commands) api(...command);
    if (inline || data.open == "auto") {
      const open = () => api("open", 0, false);
      if (document.readyState == "complete") open();
      else addEventListener("load", open, { once: true });
    }
    // Answers that a page before this one could not send.
    try {
      if (localStorage.counterbell) fetchScript().then(({ resend }) => resend());
    } catch (_) {
      // Storage is forbidden: nothing was kept.
    }
  };
  const ready = () => {
    try {
      if (here()) start();
    } catch (_) {
      // It lacks something, or forbids it.
      link(document.body);
    }
  };
  if (document.readyState == "loading") addEventListener("DOMContentLoaded", ready);
  else ready();
})();
