/** What GitHub says instead of an answer; thrown by handlers, written out as JSON. */
export class GitHubError extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    errors?: readonly unknown[],
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.errors = errors;
    this.headers = headers;
  }
}

/** Ends the request with GitHub's error of this status and text. */
export function fail(
  status: number,
  message: string,
  errors?: readonly unknown[],
  headers?: Record<string, string>,
): never {
  throw new GitHubError(status, message, errors, headers);
}

/** Ends the request with 404 unless the thing is there. */
export function found<T>(thing: T | undefined, message = "Not Found"): T {
  return thing ?? fail(404, message);
}

/** Ends the request with 422 in the form of a failed validation. */
export function invalid(resource: string, field: string, code: string, message?: string): never {
  fail(422, "Validation Failed", [{ resource, field, code, ...(message === undefined ? {} : { message }) }]);
}
