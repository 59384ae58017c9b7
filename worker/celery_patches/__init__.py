"""What Celery, kombu and billiard do otherwise than a worker of this kind needs, each with the reason to remove it."""
