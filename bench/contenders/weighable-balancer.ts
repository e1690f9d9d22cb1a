// The balancer's worker process as it is, but that it collects its garbage when told to.
import './weighable.ts'
import '../../src/balancer/worker.ts'
