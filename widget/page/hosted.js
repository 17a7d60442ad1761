// What takes the card's place where WebAssembly cannot run: the hosted page in a frame, or a link to it where frames are
// barred. A module of its own, fetched only then.
const CSS = `.card:has(.hosted){padding:0}
.hosted{display:block;width:100%;height:420px;border:0}
a.send{display:block;margin:64px 24px 24px;text-align:center;text-decoration:none}`;

export const hosted = ({ adopt, at, box, close, config, data, known, tell }) => {
  adopt(CSS);
  const made = { key: JSON.stringify(known()), leave() {}, focus() {} };
  const element = (name, members) => Object.assign(document.createElement(name), members);
  const { survey, locale, dir, texts } = config;
  const place = encodeURIComponent(data.touchpoint || "default");
  const src = at(`f/${data.site}/${place}?${new URLSearchParams({ survey: survey.name, locale })}`);
  // Neither customer nor order in an address.
  const { order, customer } = data;
  const name = JSON.stringify({ counterbell: { order, customer, page: known().page_url } });
  const frame = element("iframe", { className: "hosted", title: survey.question, name, src });
  const button = element("button", { className: "close", type: "button", ariaLabel: texts.close, onclick: close });
  const card = element("div", { className: "card", lang: locale, dir });
  card.append(button, frame);
  box.append(card);

  const hear = ({ source, data: told }) => {
    if (source != frame.contentWindow || !told) return;
    if (told.counterbell == "height") frame.style.height = `${told.height}px`;
    if (told.counterbell == "close") close();
    if (told.counterbell == "sent") {
      made.over = true;
      tell("answered", {});
    }
  };
  // Some browsers tell the address, others its origin alone.
  const barred = ({ blockedURI, effectiveDirective }) => {
    if (effectiveDirective != "frame-src" || !src.startsWith(blockedURI)) return;
    frame.replaceWith(
      element("a", { className: "send", href: src, target: "_blank", textContent: survey.question }),
    );
  };
  addEventListener("message", hear);
  document.addEventListener("securitypolicyviolation", barred);
  made.end = () => {
    card.remove();
    removeEventListener("message", hear);
    document.removeEventListener("securitypolicyviolation", barred);
  };
  return made;
};
