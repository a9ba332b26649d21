# One image for all of our own processes; which one it is, the compose file's command says.

FROM node:22-bookworm-slim AS page
WORKDIR /page
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.12-slim-bookworm
# A PDF embeds a font with Chinese characters.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-wqy-microhei libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home riqing \
    && install --directory --owner=riqing --group=riqing /var/lib/riqing
WORKDIR /opt/riqing
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml ./
COPY services/ services/
COPY firmware_sim/ firmware_sim/
COPY --from=page /page/dist web/dist
ENV RIQING_TOOLS_DIR=/opt/riqing/.tools
RUN pip install --no-cache-dir --no-deps --no-build-isolation --config-settings editable_mode=compat --editable . \
    && python -m services.stack.provision roads
USER riqing
RUN python -m services.routing.warm_up
CMD ["riqing", "--help"]
