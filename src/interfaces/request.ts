/**
 * The life that every request of this library has in common, whatever seam it crosses.
 *
 * 1. The submitter owns the request and fills it in; it is one of its preallocated slots.
 * 2. `submit(request)` hands it down. The callee never calls `end` inside `submit`: it posts a task.
 *    A full callee still takes the request and ends it with its busy status.
 * 3. The callee sets the status and then calls `request.end(request)`, exactly once. Inside `end` the submitter may submit
 *    again, the same request included: the callee has let go of it before it calls.
 * 4. `abort(request)` is best effort and answers what it did; whatever the answer, the original ends exactly once.
 * 5. `reset(done)` ends each request in flight once (aborted, or done when it could not be stopped) and calls `done` after the last
 *    reference to a caller's buffer is gone, never inside `reset`.
 */

/** What `abort` did about a request. */
export const AbortResult = {
  /** It will end with the abort status of its seam. */
  aborted: 0,
  /** It will end as if nobody had asked. */
  tooLate: 1,
  /** No such request is in flight here. */
  unknown: 2,
} as const;

/** One of {@link AbortResult}. */
export type AbortResult = (typeof AbortResult)[keyof typeof AbortResult];
