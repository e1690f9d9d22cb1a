"""OpenStack Swift with its S3 API in one process, on free loopback ports: what swift-proxy, swift-account, swift-container and
swift-object are as daemons. Reads and writes only below the folder given; ends with its parent.

    s3-server.py FOLDER      prints the port of the S3 API on one line when it accepts connections

The folder's file system must have extended attributes. Access key test:tester, secret testing-testing.
"""
import array
import ctypes
import os
import signal
import sys

ctypes.CDLL(None).prctl(1, signal.SIGKILL)

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, time=True)

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingData
from swift.common.wsgi import loadapp

folder = sys.argv[1]
# Swift reads both from /etc/swift/swift.conf, which is its administrator's.
utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = b'', b'drover'

PART_POWER = 2
SERVERS = ('account', 'container', 'object')
COMMON = f"""
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
bind_ip = 127.0.0.1
fallocate_reserve = 0
disable_fallocate = true
log_level = ERROR
"""
PROXY = f"""
[DEFAULT]
{COMMON}
[pipeline:main]
pipeline = catch_errors s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing-testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""


def storage(kind):
    return f'[DEFAULT]\n{COMMON}\n[app:main]\nuse = egg:swift#{kind}\n'


def save_ring(kind, port):
    device = dict(id=0, region=1, zone=1, ip='127.0.0.1', port=port, device='d', weight=1.0,
                  replication_ip='127.0.0.1', replication_port=port)
    parts = [array.array('H', [0] * 2 ** PART_POWER)]
    RingData(parts, [device], 32 - PART_POWER).save(f'{folder}/{kind}.ring.gz')


def app(name, text):
    path = f'{folder}/{name}.conf'
    with open(path, 'w') as file:
        file.write(text)
    return loadapp(path)


class Silence:
    def write(self, _text):
        pass


class Cache:
    """What memcached is to a proxy: it remembers accounts and buckets, which this server is the only one to change."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_options):
        return self.values.get(key)

    def set(self, key, value, **_options):
        self.values[key] = value

    def delete(self, key, **_options):
        self.values.pop(key, None)

    def incr(self, _key, **_options):
        return 1


def with_cache(application):
    cache = Cache()

    def answer(environ, start_response):
        environ['swift.cache'] = cache
        return application(environ, start_response)

    return answer


def serve(socket, application):
    eventlet.spawn(wsgi.server, socket, application, Silence(), socket_timeout=60)


os.makedirs(f'{folder}/devices/d')
sockets = {kind: eventlet.listen(('127.0.0.1', 0), backlog=256) for kind in SERVERS}
for kind, socket in sockets.items():
    save_ring(kind, socket.getsockname()[1])
for kind, socket in sockets.items():
    serve(socket, app(kind, storage(kind)))
front = eventlet.listen(('127.0.0.1', 0), backlog=256)
serve(front, with_cache(app('proxy', PROXY)))
print(front.getsockname()[1], flush=True)
while True:
    eventlet.sleep(3600)
