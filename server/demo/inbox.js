// Makes each mail as high as what is in it, and shows new mails as they come. Without it the page reloads itself.

const fit = (frame) => {
  const root = frame.contentDocument.documentElement;
  new ResizeObserver(() => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    // Not while the plain text is shown in its place.
    if (height) frame.style.height = `${height}px`;
  }).observe(root);
};

const watch = (mail) => {
  const frame = mail.querySelector('iframe');
  frame.addEventListener('load', () => fit(frame));
  const { URL, readyState } = frame.contentDocument;
  if (URL === 'about:srcdoc' && readyState === 'complete') fit(frame);
};

const page = {
  mails: document.querySelector('main'),
  status: document.querySelector('[role=status]'),
};

// Those that are there stay as they are: somebody may be reading one.
const show = (html) => {
  const fresh = new DOMParser().parseFromString(html, 'text/html');
  const there = [...fresh.querySelectorAll('article')];
  const ids = there.map((mail) => mail.id);
  for (const mail of [...page.mails.children]) if (!ids.includes(mail.id)) mail.remove();
  for (const mail of there.reverse()) {
    if (document.getElementById(mail.id)) continue;
    page.mails.prepend(document.adoptNode(mail));
    watch(mail);
  }
  say(fresh.querySelector('[role=status]').innerHTML);
  document.title = fresh.title;
};

const say = (html) => {
  if (page.status.innerHTML !== html) page.status.innerHTML = html;
};

const look = async () => {
  try {
    const answer = await fetch('/inbox');
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.text());
  } catch {
    say('The demo does not answer. Once it runs again, its mail appears here.');
  }
  setTimeout(look, 1000);
};

page.mails.querySelectorAll('article').forEach(watch);
setTimeout(look, 1000);
