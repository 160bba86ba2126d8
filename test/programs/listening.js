// A service whose signals somebody else listens to.   node listening.js nest | terminus
import 'reflect-metadata';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTerminus } from '@godaddy/terminus';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import { configure, register } from 'worker-atexit';
import { registerServer } from 'worker-atexit/http';

const log = (line) => console.log(line);

register(async function closeDatabase() {
  await sleep(50);
  log('database closed');
});
configure({ onReport: ({ ok, signal }) => log(`ok ${ok}, by ${signal}`) });

async function answer() {
  process.kill(process.pid, 'SIGTERM');
  await sleep(300);
  return 'answered';
}

const services = {
  async nest() {
    class Slow {
      async onModuleDestroy() {
        await sleep(10);
        log('onModuleDestroy');
      }
      async onApplicationShutdown(signal) {
        await sleep(10);
        log(`onApplicationShutdown ${signal}`);
      }
    }
    // What decorators are without TypeScript.
    Controller()(Slow);
    Slow.prototype.slow = answer;
    Get('slow')(Slow.prototype, 'slow', Object.getOwnPropertyDescriptor(Slow.prototype, 'slow'));
    class App {}
    Module({ controllers: [Slow] })(App);
    const app = await NestFactory.create(App, { logger: false });
    app.enableShutdownHooks();
    registerServer(app.getHttpServer());
    return app.listen(0, '127.0.0.1');
  },

  async terminus() {
    const app = express().get('/slow', async (_, response) => response.send(await answer()));
    const server = registerServer(app.listen(0, '127.0.0.1'));
    createTerminus(server, {
      signal: 'SIGTERM',
      async onSignal() {
        await sleep(10);
        log('onSignal');
      },
      onShutdown: async () => log('onShutdown'),
    });
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    return server;
  },
};

const server = await services[process.argv[2]]();
get({ port: server.address().port, host: '127.0.0.1', path: '/slow', agent: false }, (response) => {
  response.on('data', (chunk) => log(String(chunk)));
});
