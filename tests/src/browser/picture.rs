//! What the customer sees, pixel by pixel.

use serde_json::{Value, json};

use crate::Browser;

/// The open card and the launcher, with the page behind them made white.
pub struct Picture {
    /// A PNG in Base64, which is how the browser hands it out and takes it back.
    png: String,
    /// Width and height of the card, and how far it is from the window's right and lower edge, in CSS pixels.
    place: Value,
}

/// Before the picture: nothing but the widget, on white, once it has stopped moving.
const CLEAR: &str = "const white = (element) => {
        for (const name of ['background', 'border-color', 'outline', 'box-shadow', 'filter'])
            element.style.setProperty(name, name == 'background' ? '#fff' : 'transparent none 0', 'important');
    };
    [document.documentElement, document.body].forEach(white);
    for (const child of document.body.children)
        if (child.localName != 'counterbell-widget') child.style.setProperty('display', 'none', 'important');";

/// Where the card is.
const PLACE: &str = "const { width, height, right, bottom } = root.querySelector('.card').getBoundingClientRect();
    return [width, height, innerWidth - right, innerHeight - bottom].map((length) => Math.round(length))";

/// What holds both, and a bit of the shadows.
const CLIP: &str = "const rects = ['.card', '.launcher'].map((css) => root.querySelector(css).getBoundingClientRect());
    const x = Math.floor(Math.min(...rects.map((rect) => rect.left))) - 8 + scrollX;
    const y = Math.floor(Math.min(...rects.map((rect) => rect.top))) - 8 + scrollY;
    const right = Math.ceil(Math.max(...rects.map((rect) => rect.right))) + 8 + scrollX;
    const bottom = Math.ceil(Math.max(...rects.map((rect) => rect.bottom))) + 8 + scrollY;
    return { x, y, width: right - x, height: bottom - y, scale: 1 }";

/// How many pixels of two PNGs differ; -1 when their sizes do.
const DIFFERENCE: &str = "const pixels = async (png) => {
        const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext('2d');
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    return Promise.all([...arguments].map(pixels)).then(([a, b]) => {
        if (a.width != b.width || a.height != b.height) return -1;
        let differing = 0;
        for (let i = 0; i < a.data.length; i += 4)
            if ([0, 1, 2].some((channel) => a.data[i + channel] != b.data[i + channel])) differing++;
        return differing;
    })";

impl Picture {
    /// Takes one, and leaves `{name}.png` of the whole window. The page is spoilt for any further look at it.
    pub(super) async fn take(browser: &Browser, name: &str) -> Self {
        let widget = browser.widget();
        widget.come_to_rest().await;
        browser.screenshot(name).await;
        let place = widget.run_with(PLACE, json!([])).await;
        browser.run(CLEAR).await;
        let clip = widget.run_with(CLIP, json!([])).await;
        let shot = json!({ "format": "png", "clip": clip });
        let png = browser.devtools().run("Page.captureScreenshot", shot).await["data"].as_str().unwrap().to_owned();
        Self { png, place }
    }

    /// Fails when the card is not where it is in `other`, or any pixel differs. `browser` must show a page without a
    /// policy.
    pub async fn must_equal(&self, other: &Self, browser: &Browser) {
        assert_eq!(self.place, other.place, "width, height, and distance from the window's corner");
        let differing = browser.run_with(DIFFERENCE, json!([self.png, other.png])).await;
        assert_eq!(differing, 0, "differing pixels");
    }
}
