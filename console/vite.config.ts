import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Old browsers of police stations: two years behind. */
const TARGET = "es2022";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    target: TARGET,
    // The content policy allows no inline code, so nothing is written into the page.
    assetsInlineLimit: 0,
    modulePreload: {
      polyfill: false,
      // A file that did not come would be missing until the page is loaded again (src/parts/fetchCode.ts).
      resolveDependencies: (_, needed, { hostType }) =>
        hostType === "js" ? needed.filter((file) => file.endsWith(".css")) : needed,
    },
    manifest: "manifest.json",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // A file is a request, and a first visit of the desk made forty.
            { name: "core", tags: ["$initial"] },
            { name: "parts", test: /[\\/]src[\\/](api|keys|parts|text)[\\/](?!ModalBody|Choice|PdfField)/, minShareCount: 3 },
          ],
        },
      },
    },
  },
});
