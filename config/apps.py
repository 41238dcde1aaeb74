"""The app of the roof: it exists so that `config` may hold commands and template context."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    """No models; urls, middleware and the timetable live here."""

    name = "config"
