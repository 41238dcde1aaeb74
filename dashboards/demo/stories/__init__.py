"""All stories, unit by unit."""

from dashboards.demo.stories import (
    cloud,
    customer_service,
    engineering,
    finance,
    legal,
    marketing,
    people,
    security,
    service_desk,
    supply_chain,
)
from dashboards.demo.story import Story

STORIES: tuple[Story, ...] = (
    *service_desk.STORIES,
    *cloud.STORIES,
    *security.STORIES,
    *engineering.STORIES,
    *finance.STORIES,
    *people.STORIES,
    *legal.STORIES,
    *supply_chain.STORIES,
    *customer_service.STORIES,
    *marketing.STORIES,
)
