# The worker. Debian, because Temporal's native part needs glibc.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY workers workers
COPY scripts scripts
RUN npm run build
# The program is in the package of the platform, at the version and with the checksum that the lock file has.
RUN install -D -m 755 "node_modules/opencode-linux-$(node -p process.arch)/bin/opencode" /opt/opencode \
 && npm prune --omit=dev --ignore-scripts

FROM node:20.20.2-bookworm-slim
# ripgrep: OpenCode would otherwise fetch one when it first searches.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git ripgrep \
 && rm -rf /var/lib/apt/lists/*
ARG UID=1000
ARG GID=1000
# New volumes take over owner and mode of what the image has in their place.
RUN groupmod --non-unique --gid "$GID" node \
 && usermod --non-unique --uid "$UID" --gid "$GID" node \
 && install -d -o node -g node -m 700 /var/lib/continuity \
 && install -d -o node -g node /home/node/.local /home/node/.local/share /home/node/.local/share/opencode \
 && chown -R node:node /home/node
COPY --from=build /opt/opencode /usr/local/bin/opencode
WORKDIR /app
COPY package.json LICENSE ./
COPY bin bin
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN ln -s /app/bin/continuity.js /usr/local/bin/continuity
ENV NODE_ENV=production \
    CONTINUITY_DATA_DIR=/var/lib/continuity
USER node
VOLUME ["/var/lib/continuity", "/home/node/.local/share/opencode"]
ENTRYPOINT ["continuity"]
CMD ["worker", "--log-json"]
