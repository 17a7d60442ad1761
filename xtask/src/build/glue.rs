//! The JavaScript that `wasm-bindgen` makes, without what our module and the browsers that can compile it do not need.

use anyhow::{Context, Result};

/// A part of the glue, from its first words up to the first words of what follows, and what we have for it.
struct Part {
    from: &'static str,
    to: &'static str,
    ours: &'static str,
}

/// The module needs reference types, and a browser that has those (Chromium 96, Firefox 79, Safari 15) has
/// `FinalizationRegistry` too. Its memory stays far below the 2 GiB from which addresses look negative. A new view on the
/// memory for each text that crosses over costs less than to know whether the last one is still good.
const PARTS: [Part; 5] = [
    Part {
        from: "const CLOSURE_DTORS",
        to: "function getArrayJsValueFromWasm0",
        ours: "const CLOSURE_DTORS = new FinalizationRegistry(({ a, b }) => wasm.__wbindgen_destroy_closure(a, b));\n",
    },
    Part {
        from: "let cachedDataViewMemory0",
        to: "function handleError",
        ours: "const getDataViewMemory0 = () => new DataView(wasm.memory.buffer);
            const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
            const getStringFromWasm0 = (ptr, len) => textDecoder.decode(new Uint8Array(wasm.memory.buffer, ptr, len));\n",
    },
    Part {
        from: "function passStringToWasm0",
        to: "function takeFromExternrefTable0",
        ours: "const passStringToWasm0 = (arg, malloc) => {
                const bytes = new TextEncoder().encode(arg);
                const ptr = malloc(bytes.length, 1);
                new Uint8Array(wasm.memory.buffer).set(bytes, ptr);
                WASM_VECTOR_LEN = bytes.length;
                return ptr;
            };\n",
    },
    // Yew asks of each element's parent whether it is SVG or MathML, which the card has none of.
    Part {
        from: "const ret = arg1.namespaceURI;",
        to: "},",
        ours: "getDataViewMemory0().setInt32(arg0 >>> 0, 0, true);\n",
    },
    Part { from: "let cachedTextDecoder", to: "let WASM_VECTOR_LEN", ours: "" },
];

/// Compiles and starts the module. The page's script has fetched it.
const INIT: &str = "let wasm;
    const init = async (bytes) => {
        wasm = (await WebAssembly.instantiate(bytes, __wbg_get_imports())).instance.exports;
        wasm.__wbindgen_start();
    };\n";

/// One script with the page's, which alone export: what is exported cannot be minified away.
///
/// # Errors
/// When another version of `wasm-bindgen` makes something else.
pub fn lighten(glue: &str) -> Result<String> {
    let mut glue = glue.replace("export function ", "function ").replace(", wasm.__wbindgen_realloc)", ")");
    for Part { from, to, ours } in PARTS {
        let changed =
            || format!("wasm-bindgen's glue has no `{from}` before `{to}` any more: see xtask/src/build/glue.rs");
        let start = glue.find(from).with_context(changed)?;
        let length = glue[start..].find(to).with_context(changed)?;
        glue.replace_range(start..start + length, ours);
    }
    let (glue, _) = glue.split_once("let wasmModule,").context("wasm-bindgen's glue does not load as it did")?;
    Ok([glue, INIT].concat())
}
