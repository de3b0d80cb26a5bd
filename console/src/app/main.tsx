/** Start of the console in a browser. */

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./fonts.css";
import "./tokens.css";
import "./base.css";
import "./shell.css";
import "../parts/parts.css";

import { queries } from "../api/queries.ts";
import { mark } from "../text/language.ts";
import { router } from "./router.tsx";
import { startTheme } from "./theme.ts";

mark();
startTheme();

const place = document.getElementById("root");
if (place === null) throw new Error("the page has no place for the console");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
