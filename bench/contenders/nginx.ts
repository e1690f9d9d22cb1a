// nginx's configuration as a fair contender: one worker, connections kept on both sides, no access log.
import { join } from 'node:path'

/** `folder` takes its pid file and buffers; `choices` follow each target's name. */
export function nginxConfiguration(
  folder: string,
  port: number,
  targets: readonly string[],
  choices = '',
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, name)};`,
  )
  return `
daemon off;
worker_processes 1;
error_log stderr error;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_timeout 600s;
  # The default of 1000 would have every connection opened anew several times a second.
  keepalive_requests 1000000000;
  upstream instances {
${targets.map((target) => `    server ${new URL(target).host} ${choices};`).join('\n')}
    keepalive 128;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://instances;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }
  }
}
`
}
