# The server alone; PostGIS is the other service in docker-compose.yml. The build needs nothing but this folder.

FROM node:22-bookworm-slim AS pages
WORKDIR /src/webmap
COPY webmap/package.json webmap/package-lock.json webmap/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY webmap/ ./
RUN npm run build

# H3 is a C library, so this stage needs gcc, which the full image has.
FROM golang:1.26-bookworm AS server
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=pages /src/webmap/dist webmap/dist
ARG VERSION=""
RUN CGO_ENABLED=1 go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/jingwei ./server

# The same Debian as the stage before, for the binary is linked with its libc.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin jingwei \
    && install --directory --owner=10001 --mode=0700 /var/lib/jingwei
COPY --from=server /out/jingwei /usr/local/bin/jingwei
USER 10001
ENV JINGWEI_LISTEN=0.0.0.0:8080
# The keys that personal data are sealed with. Whoever loses them loses those data, so they lie outside of the container.
ENV JINGWEI_KEY_FILE=/var/lib/jingwei/keys.json
VOLUME /var/lib/jingwei
EXPOSE 8080
# The first start loads the demo county, which takes a while.
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["jingwei"]
CMD ["serve", "--demo"]
