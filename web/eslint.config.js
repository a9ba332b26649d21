/** What the page's code is held to: strict types, and no text outside the catalogue. */
import tseslint from "typescript-eslint";

const HAN = "[\\u3400-\\u9fff]";
const TEXT_MESSAGE = "Text that people read belongs in src/i18n/.";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "*.config.*"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in templates are meant: `${count}`.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Handlers are written as `() => (signal.value = x)` and `() => void promise`.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["src/**/*.ts", "src/**/*.tsx"],
    ignores: ["src/i18n/**", "src/**/*.test.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: `Literal[value=/${HAN}/]`, message: TEXT_MESSAGE },
        { selector: `TemplateElement[value.raw=/${HAN}/]`, message: TEXT_MESSAGE },
        { selector: `JSXText[value=/[A-Za-z]|${HAN}/]`, message: TEXT_MESSAGE },
        {
          selector: "JSXAttribute[name.name=/^(title|alt|placeholder|aria-label)$/] > Literal[value=/[A-Za-z]/]",
          message: TEXT_MESSAGE,
        },
      ],
    },
  },
);
