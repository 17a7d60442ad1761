// The card on its page: does what page and customer ask, and leaves the drawing to the module (`mount`).

// What the card is told.
const [PICK, TAP, ANSWER, NEXT, BACK, SENT] = [0, 1, 2, 3, 4, 5];

// The style sheet with the site's theme, as docs/THEMES.md has it. What the page sets goes before what the site sets.
const DARK = "(prefers-color-scheme:dark)";
const themed = (css, theme) => {
  if (!theme) return css;
  const card = (accent, on) =>
    `.card{--accent:var(--counterbell-accent,${accent});--on-accent:var(--counterbell-on-accent,${on});`;
  return `${css}${card(theme.accent, theme.on_accent)}--radius:var(--counterbell-radius,${theme.radius}px);font-family:${
    theme.font
  };${theme.density == "compact" ? "padding:16px" : ""}}@media ${DARK}{${card(theme.accent_dark, theme.on_accent_dark)}}}`.replaceAll(
    DARK,
    { dark: "all", light: "not all" }[theme.scheme] || DARK,
  );
};

// The loader calls this once, with what it has made and fetched. What is returned takes the page's commands, as
// docs/EMBEDDING.md has them.
const start = (page, compiled, css, config) => {
  const { box, launcher, data, host, inline } = page;
  const listeners = [];
  let { asked } = page;
  // What is in the box: a session, or the hosted page.
  let shown;

  const tell = (event, detail) => {
    for (const [name, listener] of listeners) {
      // Their faults are theirs: told by the browser, and no affair of ours.
      if (name == event) setTimeout(listener, 0, detail);
    }
  };
  const show = (visible) => {
    box.hidden = !visible;
    launcher.setAttribute("aria-expanded", visible);
  };

  // Neither the module nor what stands in for it runs here: the loader shows a link.
  const fail = () => {
    show(false);
    commands.open = page.fail;
    page.fail();
  };

  // What the page says of itself and the customer. Read anew at each opening: a single-page shop names another order.
  const known = () => ({
    site_key: data.site,
    survey: config.survey.name,
    survey_version: config.survey.version,
    touchpoint: data.touchpoint || undefined,
    order_ref: data.order || undefined,
    customer_ref: data.customer || undefined,
    locale: config.locale,
    // Without its query, which may name the customer; left out where a page has no address (about:, file:).
    page_url: /^http/.test(location.origin) ? (location.origin + location.pathname).slice(0, 2048) : undefined,
    channel: "web",
  });

  // One customer's answers, from the first look to the thanks.
  const session = (fields, focus) => {
    const response_id = newId();
    const begun = performance.now();
    let revision = 0;
    let last;
    const save = async (complete) => {
      const answers = answersIn(box.querySelector("form"), config.survey);
      const text = JSON.stringify(answers);
      if (!answers || (!complete && text == last)) return;
      last = text;
      const body = {
        ...fields,
        ...answers,
        response_id,
        revision: revision++,
        complete,
        elapsed_ms: Math.round(performance.now() - begun),
      };
      const outcome = await deliver({ url: page.at("v1/responses"), body });
      const lost = outcome == REFUSED || outcome == FAILED;
      if (lost) tell("error", { code: outcome });
      if (!complete) return;
      act(SENT, [STORED, KEPT, REFUSED, FAILED].indexOf(outcome));
      if (!lost) {
        made.over = true;
        tell("answered", { response_id, score: body.score });
      }
    };
    // Tells the card what happened, by two numbers: `Action::of` in src/state.rs.
    let act;
    const made = {
      key: JSON.stringify(fields),
      // Whatever is there when the customer goes away.
      leave: () => made.over || !box.querySelector("form") || save(false),
      focus(css) {
        const move = () => {
          const found = focus && (box.querySelector(css + ":checked") || box.querySelector(css));
          if (found) found.focus();
          // What follows is the customer's own doing.
          focus = true;
        };
        // Only what is laid out can have it. The first time that is left to the frame that does it anyway, lest the card
        // is laid out twice before it is seen.
        if (made.drawn) move();
        else requestAnimationFrame(() => setTimeout(move));
        made.drawn = true;
      },
    };
    let tapped;
    // One listener a kind for the whole card.
    box.onclick = ({ target, detail }) => {
      // Arrow keys click a radio button too; such a click counts no presses. Nor does WebKit's of the button whose label
      // was tapped, which follows the label's own.
      const isScore = target.name == "score";
      if (isScore && (detail || tapped)) act(TAP, target.value);
      tapped = !isScore && detail && target.closest(".scores label");
      if (target.className == "back") act(BACK, 0);
      if (target.className == "close") close();
    };
    box.oninput = ({ target }) => (target.name == "score" ? act(PICK, target.value) : act(ANSWER, 0));
    box.onsubmit = (event) => {
      event.preventDefault();
      act(NEXT, faultIn(box.querySelector(".step:not([hidden])")));
    };
    made.end = mount(box, {
      config: { ...drawn(config, data.name), role: inline ? "region" : "dialog" },
      connect: (told) => (act = told),
      save,
      progress: (step, count) => config.texts.step.replace("{n}", step).replace("{count}", count),
      focus: made.focus,
    });
    // Drawing is no matter of this call: on a slow device it takes its turns with the page, and in the background its time.
    const check = () =>
      setTimeout(() => made.drawn || shown != made || (document.hidden ? check() : fail()), 3000);
    check();
    return made;
  };

  // Hidden, not taken away: what was typed is still there when it is opened again. After the thanks it starts anew.
  const close = () => {
    if (box.hidden || inline) return;
    const inside = host.shadowRoot.activeElement;
    show(false);
    leave();
    if (shown && shown.over) end();
    if (inside) launcher.focus();
    tell("closed");
  };
  const leave = () => shown && shown.leave();
  const end = () => {
    leave();
    if (shown) shown.end();
    shown = 0;
  };

  // The focus moves into the card only when the customer asked for it.
  const open = async (_, focus = true) => {
    const wanted = page.wanted();
    if (asked != wanted) {
      config = await page.get(wanted, "json").catch(() => config);
      asked = wanted;
      end();
    }
    try {
      const begin = await ready;
      if (!page.here()) return;
      page.attach();
      if (shown && (shown.over || shown.key != JSON.stringify(known()))) end();
      show(true);
      if (!shown) shown = begin(known(), focus);
      else if (focus) shown.focus("input");
    } catch {
      fail();
    }
  };
  const commands = {
    __proto__: null,
    open,
    close,
    on: (event, listener) => typeof listener == "function" && listeners.push([event, listener]),
    setLocale: () => box.hidden || open(0, false),
    destroy() {
      end();
      document.removeEventListener("visibilitychange", leave);
    },
  };
  // Also when the page is left, and the last thing a phone tells.
  document.addEventListener("visibilitychange", leave);

  // What is typed here is not meant for the shop's shortcuts.
  host.onkeydown = host.onkeyup = host.onkeypress = (event) => {
    event.stopPropagation();
    if (event.type == "keydown" && event.key == "Escape" && !event.isComposing) close();
  };
  page.adopt(themed(css, config.theme));
  // Where WebAssembly is not allowed or not known, the same survey as a page of the server's.
  const standIn = async () => {
    const { hosted } = await import(page.at("%HOSTED%"));
    return () => hosted({ ...page, close, config, known, tell });
  };
  const ready = compiled ? session : standIn();
  return (name, ...values) => commands[name] && commands[name](...values);
};

// Whether the module runs here. Called by the loader, as soon as it has it.
const compile = (bytes) => init(bytes).then(() => true, () => false);

export { compile, start, resend };
