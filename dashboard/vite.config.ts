import { defineConfig } from "vite";

const EMULATORS = "http://127.0.0.1:5000";

export default defineConfig({
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // kB; the Firestore SDK is most of it, and every page needs it
  },
  // `npx vite dashboard` beside `make dev`: pages reload as they change, everything else comes from the emulators.
  server: { proxy: { "/v1": EMULATORS, "/__": EMULATORS, "/emulators.json": EMULATORS } },
});
