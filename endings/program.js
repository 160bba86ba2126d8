/** A program's text as it stands there, backslashes included. */
export const js = String.raw;

/** Whether a process that a cell shows waited, of the `ms` that there were to wait for. A runtime starts within half of them. */
export const waited = (ms, of) => (ms >= of ? 'waits' : 'does not wait');

/** How a process ended, as a shell's user would say it. */
export const endOf = ({ code, signal }) => (signal === null ? `${code}` : signal);
