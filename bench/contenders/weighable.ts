// Lets the benchmark weigh a Node program by what it holds: on SIGUSR2 it gives back all else.
import { shrinkToHeld } from '../garbage.ts'

process.on('SIGUSR2', shrinkToHeld)
