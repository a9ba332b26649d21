/** How the page is built to dist/ and, while developing, served beside a running API. */
import { defineConfig } from "vitest/config";

/** The API that `npm run dev` passes requests on to. */
const apiUrl = process.env["RIQING_API_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    // MapLibre is one chunk of about 1 MB (276 kB compressed), loaded after the sign-in form.
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      // Each page has its own first file, so that none carries another's. The service worker keeps its name.
      input: {
        index: "index.html",
        driver: "driver/index.html",
        residents: "residents/index.html",
        office: "office/index.html",
        facilities: "facilities/index.html",
        worker: "src/driver/worker.ts",
      },
      output: {
        entryFileNames: (entry) => (entry.name === "worker" ? "driver/worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    proxy: { "/api": apiUrl, "/healthz": apiUrl, "/readyz": apiUrl },
  },
  test: {
    include: ["src/**/*.test.ts"],
  },
});
