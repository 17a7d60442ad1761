(() => { f("%GLUE%","%WASM%","%CSS%","%STYLE%") })();
