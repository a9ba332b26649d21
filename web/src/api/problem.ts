/** What went wrong at the API or on the way there, as a sentence to show. */

/** An error of the API or of the way there; its message is the sentence to show. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  /** `status` is the HTTP status, 0 when the server was not reached. */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The sentence to show for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
