// Asking the system about a process.

/** Whether the process exists; a zombie that nobody has waited for yet counts as alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
