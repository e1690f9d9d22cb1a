// The upstream as it is, but that it collects its garbage when told to: a bare Node server to weigh.
import './weighable.ts'
import './upstream.ts'
