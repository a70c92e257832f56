# Heddle in a container: `docker build -t heddle .`, and compose.yaml beside it for a server with TLS in front.

# Node 22 is the newest for which uWebSockets.js has a binary. Its binaries want glibc: no Alpine.
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --ignore-scripts

FROM node:22-bookworm-slim
WORKDIR /opt/heddle
COPY --from=build /build/heddle-*.tgz ./heddle.tgz
# uWebSockets.js comes with the binaries of all platforms: those of this one are kept.
RUN npm install --omit=dev --no-audit --no-fund ./heddle.tgz level@10.0.0 yjs@13.6.33 uWebSockets.js@npm:uws-pack@20.0.8 \
    && node -p "'uws_' + process.platform + '_' + process.arch + '_' + process.versions.modules + '.node'" > kept \
    && find node_modules/uWebSockets.js -name '*.node' ! -name "$(cat kept)" -delete \
    && rm heddle.tgz kept
# The user `node` of this image, by number, so that a platform that forbids root can tell.
RUN install -d -o 1000 -g 1000 -m 700 /data
USER 1000:1000
ENV NODE_ENV=production HOST=0.0.0.0 PORT=1234 DATA_DIR=/data
VOLUME ["/data"]
EXPOSE 1234
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}${process.env.BASE_PATH ?? ''}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "node_modules/heddle/dist/server/cli/main.js"]
CMD ["serve"]
