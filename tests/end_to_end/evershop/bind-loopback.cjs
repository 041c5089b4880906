// EverShop listens on a port of every interface: a test's shop is for this computer alone.
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const open = /^\d+$/.test(String(port)) && typeof rest[0] !== 'string';
  return listen.call(this, port, ...(open ? ['127.0.0.1'] : []), ...rest);
};
