# One image for web, worker, beat and the preparation; what it does is the command. Node is in the first stage only.

FROM node:22-slim AS libraries
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements-bootstrap.txt requirements.txt ./
RUN /venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.txt \
    && /venv/bin/uv pip install --no-cache --compile-bytecode --python /venv/bin/python --require-hashes -r requirements.txt \
    && /venv/bin/uv pip uninstall --python /venv/bin/python uv pip
COPY . .
COPY --from=libraries /build/node_modules node_modules
# Static files are collected here, so that the image needs neither Node nor the libraries' sources.
RUN DEMO=1 DEMO_PASSWORD=used-by-nobody DATA_DIR=/tmp/data /venv/bin/python manage.py prepare --static \
    && rm -rf node_modules

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin keel \
    && install -d -o keel -g keel /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
USER keel
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "deploy/healthy.py"]
CMD ["python", "manage.py", "serve"]
