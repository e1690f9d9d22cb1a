// The few names both wings share on the wire and in an instance's environment.

/** Response header naming the instance that answered; only with `--reveal`, and stripped when an app forges it. */
export const instanceHeader = 'x-drover-instance'

/** Environment of every instance: the port to listen on, and the instance's id in the fleet. */
export const portVariable = 'PORT'
export const instanceVariable = 'DROVER_INSTANCE'
