// Whether somebody speaks to us from this machine.

/** 127.0.0.0/8, as a socket of IPv6 tells it too, and ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address)
}
